// Numbers: connecting one, seeing what is wrong with it, and taking it away again.

import { type Page } from "@playwright/test";

import { answer, bubble, chat, open, openChat, row, rows, status } from "./support/screens.js";
import { type BusinessNumber } from "./support/sandbox.js";
import { type Server } from "./support/server.js";
import { expect, test } from "./support/test.js";

const SECOND: BusinessNumber = {
  phone_number_id: "111222333444555",
  waba_id: "222333444555666",
  display_phone_number: "+62 811 0000 002",
  verified_name: "Toko Melati Grosir",
  token: "second-number-token-0001",
  app_secret: "0123456789abcdef0123456789abcdef",
  verify_token: "second-verify-token",
};

const field = (page: Page, label: string) => page.getByRole("textbox", { name: label, exact: true });

async function fillIn(page: Page, number: BusinessNumber): Promise<void> {
  await field(page, "Name").fill("Grosir");
  await field(page, "Phone number ID").fill(number.phone_number_id);
  await field(page, "WhatsApp Business Account ID").fill(number.waba_id);
  await field(page, "Access token").fill(number.token);
  await field(page, "App secret").fill(number.app_secret);
  await field(page, "Verify token").fill(number.verify_token);
}

/** Connects the second number; returns with its page open. */
async function connect(page: Page, server: Server): Promise<void> {
  await server.sandbox.addNumber(SECOND);
  await open(page, "/accounts/new");
  await fillIn(page, SECOND);
  await page.getByRole("button", { name: "Save and connect" }).click();
  await expect(page).toHaveURL(/\/accounts\/[0-9a-f-]{36}$/);
  await expect(page.getByText("Connected", { exact: true })).toBeVisible();
}

/** The answer to a call that was refused is reported by the browser. */
const REFUSED = /Failed to load resource: the server responded with a status of (4|5)\d\d/;

test.describe("the form", () => {
  test.beforeEach(async ({ page, signIn }) => {
    await signIn(page, "owner");
    await open(page, "/accounts/new");
  });

  test("says at each field what has to be corrected, and takes it back at once", async ({ page }) => {
    await page.getByRole("button", { name: "Save and connect" }).click();
    await expect(page.getByText("Please fill this in.")).toHaveCount(6);
    await expect(field(page, "Name")).toHaveAttribute("aria-invalid", "true");
    await expect(field(page, "Name")).toHaveAccessibleDescription(/Please fill this in\./);
    await field(page, "Name").fill("Grosir");
    await expect(field(page, "Name")).not.toHaveAttribute("aria-invalid", "true");
    await field(page, "Phone number ID").fill("+62 811");
    await expect(page.getByText("Only digits, as shown in Meta's App Dashboard")).toBeVisible();
    await field(page, "Access token").fill("short");
    await expect(page.getByText("At least 16 characters.")).toBeVisible();
    await field(page, "Access token").fill("has a space in the middle");
    await expect(page.getByText(/Contains spaces or line breaks/)).toBeVisible();
    await field(page, "App secret").fill("zz");
    await expect(page.getByText(/32 characters 0–9 and a–f/)).toBeVisible();
    await expect(page).toHaveURL("/accounts/new");
  });

  test("is silent about a field until it has been left", async ({ page }) => {
    await field(page, "Phone number ID").pressSequentially("12a");
    await expect(page.getByText(/^Only digits/)).toHaveCount(0);
    await field(page, "Name").focus();
    await expect(page.getByText(/^Only digits/)).toHaveCount(1);
  });

  test("makes a verify token that nobody guesses", async ({ page }) => {
    await page.getByRole("button", { name: "Make one" }).click();
    await expect(field(page, "Verify token")).toHaveValue(/^[a-z0-9]{24}$/);
  });
});

test.describe("with a second number at WhatsApp", () => {
  test.use({ isolated: true });

  test.beforeEach(async ({ page, signIn, server }) => {
    await server.sandbox.addNumber(SECOND);
    await signIn(page, "owner");
    await open(page, "/accounts/new");
    await fillIn(page, SECOND);
  });

  test("testing tells in words what is wrong with the token", async ({ page, quiet }) => {
    quiet.allow(REFUSED);
    await field(page, "Access token").fill("another-token-entirely");
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.getByText("The connection does not work yet")).toBeVisible();
    await expect(page.getByText(/Meta does not accept the access token\. Copy it again/)).toBeVisible();
    await expect(page).toHaveURL("/accounts/new");
  });

  test("testing tells in words that the number is unknown", async ({ page, quiet }) => {
    quiet.allow(REFUSED);
    await field(page, "Phone number ID").fill("999888777666555");
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.getByText(/Meta knows no phone number with the id 999888777666555/)).toBeVisible();
  });

  test("testing tells in words that the secret belongs to another app", async ({ page, quiet }) => {
    quiet.allow(REFUSED);
    await field(page, "App secret").fill("ffffffffffffffffffffffffffffffff");
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.getByText(/The app secret does not belong to the app/)).toBeVisible();
  });

  test("testing tells in words that the business account is another's", async ({ page, quiet }) => {
    quiet.allow(REFUSED);
    await field(page, "WhatsApp Business Account ID").fill("200300400500600");
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.getByText("The connection does not work yet")).toBeVisible();
  });

  test("testing the right data names the number", async ({ page }) => {
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.getByText("It works: Meta knows this number as +62 811 0000 002, Toko Melati Grosir.")).toBeVisible();
    await expect(page.getByText(/Quality rating: GREEN/)).toBeVisible();
    await expect(page).toHaveURL("/accounts/new");
  });

  test("a number that is connected already is refused with a reason", async ({ page, quiet }) => {
    quiet.allow(REFUSED);
    await page.getByRole("button", { name: "Save and connect" }).click();
    await expect(page).toHaveURL(/\/accounts\/[0-9a-f-]{36}$/);
    await open(page, "/accounts/new");
    await fillIn(page, SECOND);
    await page.getByRole("button", { name: "Save and connect" }).click();
    await expect(page.getByText(/[Aa]lready/).first()).toBeVisible();
    await expect(page).toHaveURL("/accounts/new");
  });
});

test.describe("a number that tells customers nothing", () => {
  test.use({ isolated: true });

  test("reads and types unseen, until it is switched on again", async ({ page, server, signIn }) => {
    await signIn(page, "owner");
    const settings = page.locator("form").filter({ has: page.getByRole("heading", { name: "Settings" }) });
    const receipts = settings.getByRole("switch", { name: /^Send read receipts/ });
    const typing = settings.getByRole("switch", { name: /^Show that we are typing/ });
    const turn = async (on: boolean): Promise<void> => {
      await open(page, "/accounts");
      await page.getByRole("link", { name: /Toko Melati/ }).first().click();
      await receipts.setChecked(on);
      await expect(typing).toBeEnabled({ enabled: on });
      await settings.getByRole("button", { name: "Save" }).click();
      await expect(settings.getByRole("button", { name: "Save" })).toBeDisabled();
      await open(page, "/inbox");
    };
    await turn(false);
    const customer = server.customer();
    await chat(page, customer);
    await expect(row(page, customer)).not.toContainText("unread");
    await answer(page, "Sampai malam");
    await status(bubble(page, "Sampai malam"), "delivered", "read");
    expect(await server.sandbox.unread(customer.number)).toBe(1);
    expect(await server.sandbox.typing(customer.number)).toBe(false);

    await turn(true);
    await customer.writes("Sampai jam berapa?");
    await openChat(page, customer);
    await expect.poll(() => server.sandbox.unread(customer.number)).toBe(0);
  });
});

test.describe("a connected number", () => {
  test.use({ isolated: true });

  test.beforeEach(async ({ page, signIn, server }) => {
    await signIn(page, "owner");
    await connect(page, server);
  });

  test("receives and answers once its webhook is entered at WhatsApp", async ({ page, server, other }) => {
    const agent = await other("agent");
    await open(agent, "/inbox");
    const shown = page.locator("output");
    const url = (await shown.first().textContent()) ?? "";
    expect(url).toMatch(new RegExp(`^${server.url}/webhooks/cloud/[0-9a-f-]{36}$`));
    await expect(shown.nth(1)).toHaveText(SECOND.verify_token);
    await expect(page.getByText("None yet. After the webhook is set up")).toBeVisible();

    // As Meta does: asks with the verify token, then delivers.
    await server.sandbox.webhook(SECOND.phone_number_id, url, true);
    const customer = server.customer();
    await customer.writes("Beli 100 potong", { account: SECOND.phone_number_id });
    await expect(page.getByText("None yet. After the webhook is set up")).toHaveCount(0);
    await expect(page.getByText("Last delivery: just now").first()).toBeVisible();

    await expect(rows(agent).first()).toContainText("Beli 100 potong");
    await expect(row(agent, customer)).toContainText("Grosir");
    await openChat(agent, customer);
    await answer(agent, "Siap, 100 potong");
    await status(bubble(agent, "Siap, 100 potong"), "delivered", "read");
    const [sent] = await server.sandbox.sent(customer.number);
    expect(sent?.account).toBe(SECOND.phone_number_id);
  });

  test("adds a filter by number to the inbox, which stands in the address", async ({ page, server }) => {
    const shown = page.locator("output");
    await server.sandbox.webhook(SECOND.phone_number_id, (await shown.first().textContent()) ?? "");
    const customer = server.customer();
    await customer.writes("Di nomor kedua", { account: SECOND.phone_number_id });
    await open(page, "/inbox");
    await expect(row(page, customer)).toBeVisible();
    const filter = page.getByRole("combobox", { name: "Number" });
    const option = (name: string): Promise<string> =>
      filter.locator("option", { hasText: name }).evaluate((found: HTMLOptionElement) => found.value);
    await filter.selectOption(await option("Grosir"));
    await expect(page).toHaveURL(/[?&]account=[0-9a-f-]{36}/);
    await expect(rows(page)).toHaveCount(1);
    await page.reload();
    await expect(filter.locator("option:checked")).toContainText("Grosir");
    await expect(rows(page)).toHaveCount(1);
    await filter.selectOption(await option("Every number"));
    await expect.poll(() => rows(page).count()).toBeGreaterThan(20);
  });

  test("stops and starts", async ({ page }) => {
    await page.getByRole("button", { name: "Stop" }).click();
    await expect(page.getByText("Stopped", { exact: true })).toBeVisible();
    await expect(page.getByText("Balas does not look after this number: nothing is sent. Start it to go on.")).toBeVisible();
    await page.getByRole("button", { name: "Start" }).click();
    await expect(page.getByText("Connected", { exact: true })).toBeVisible();
  });

  test("gets another name, which everyone sees", async ({ page, other }) => {
    const agent = await other("agent");
    await open(agent, "/accounts");
    await field(page, "Name").fill("Grosir & Partai");
    await page.getByRole("button", { name: "Rename" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Grosir & Partai" })).toBeVisible();
    await expect(agent.getByRole("link", { name: /Grosir & Partai/ })).toBeVisible();
  });

  test("never shows its secrets again", async ({ page }) => {
    const html = await page.content();
    expect(html).not.toContain(SECOND.token);
    expect(html).not.toContain(SECOND.app_secret);
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "Grosir" })).toBeVisible();
    const again = await page.content();
    expect(again).not.toContain(SECOND.token);
    expect(again).not.toContain(SECOND.app_secret);
  });

  test("says when its token has ended, and goes on with a new one", async ({ page, server, quiet }) => {
    quiet.allow(REFUSED);
    await server.sandbox.faults({ account: SECOND.phone_number_id, code: 190 });
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Start" }).click();
    await expect(page.getByText("Needs attention", { exact: true })).toBeVisible();
    await expect(page.getByText(/access token/).first()).toBeVisible();
    await server.sandbox.clearFaults();
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByText("Connected", { exact: true })).toBeVisible();
  });

  test("is deleted only with its name typed, and its conversations go with it", async ({ page, server }) => {
    const url = (await page.locator("output").first().textContent()) ?? "";
    await server.sandbox.webhook(SECOND.phone_number_id, url);
    const customer = server.customer();
    await customer.writes("Akan hilang", { account: SECOND.phone_number_id });
    await expect(page.getByText("Last delivery: just now").first()).toBeVisible();

    await page.getByRole("button", { name: "Delete this number" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete this number" });
    const confirm = dialog.getByRole("button", { name: "Delete for good" });
    await expect(confirm).toBeDisabled();
    await dialog.getByRole("textbox", { name: "Name" }).fill("Gros");
    await expect(confirm).toBeDisabled();
    await dialog.getByRole("textbox", { name: "Name" }).fill("Grosir");
    await confirm.click();
    await expect(page).toHaveURL("/accounts");
    await expect(page.getByText("The number was deleted.")).toBeVisible();
    await expect(page.getByRole("main").getByRole("link", { name: /Grosir/ })).toHaveCount(0);
    await page.getByRole("link", { name: "Inbox" }).click();
    await expect(rows(page).first()).toBeVisible();
    await expect(row(page, customer)).toHaveCount(0);
  });
});

test("an agent sees the numbers but nothing to change them", async ({ page, signIn }) => {
  await signIn(page, "agent");
  await open(page, "/accounts");
  await expect(page.getByRole("link", { name: "Connect a number" })).toHaveCount(0);
  await page.getByRole("main").getByRole("link", { name: /Toko Melati/ }).click();
  await expect(page.getByText("Connected", { exact: true })).toBeVisible();
  for (const name of ["Stop", "Rename", "Save", "Delete this number"]) {
    await expect(page.getByRole("button", { name, exact: true })).toHaveCount(0);
  }
});

test("an agent who knows the address of the form finds no page there", async ({ page, signIn, quiet }) => {
  quiet.allow(/status of 404/);
  await signIn(page, "agent");
  await open(page, "/accounts/new");
  await expect(page.getByText("There is no such page")).toBeVisible();
});
