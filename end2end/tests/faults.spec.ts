// WhatsApp does not do what it should: the page says what happened and what can be done.

import { answer, bubble, chat, composer, open, openChat, status } from "./support/screens.js";
import { DEMO_NUMBER } from "./support/sandbox.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
});

test("a recipient who cannot be reached: the reason in words, and sending again works", async ({
  page,
  server,
  customer,
}) => {
  await chat(page, customer);
  await server.sandbox.faults({ account: DEMO_NUMBER, fail_status: 131_026, times: 1 });
  await answer(page, "Sampai di rumah?");
  const mine = bubble(page, "Sampai di rumah?");
  await status(mine, "failed");
  await expect(mine).toContainText("Not sent: This recipient cannot be reached on WhatsApp.");
  await mine.getByRole("button", { name: "Send again" }).click();
  await status(mine, "sent", "delivered", "read");
  await expect(mine).not.toContainText("Not sent");
  await expect(mine).toHaveCount(1);
});

test("a hiccup is tried again by itself", async ({ page, server, customer }) => {
  await chat(page, customer);
  await server.sandbox.faults({ account: DEMO_NUMBER, status: 503, times: 1 });
  await answer(page, "Coba lagi sendiri");
  await status(bubble(page, "Coba lagi sendiri"), "delivered", "read");
  expect(await customer.texts()).toEqual(["Coba lagi sendiri"]);
});

test("who writes too fast is told so, and nothing is lost", async ({ page, server, customer }) => {
  await chat(page, customer);
  // Meta's limit for messages to the same customer.
  await server.sandbox.faults({ account: DEMO_NUMBER, code: 131_056, times: 1 });
  await answer(page, "Satu");
  const hint = page.getByRole("status").filter({ hasText: "You write faster than this number may send." });
  await expect(hint).toBeVisible();
  await expect(bubble(page, "Satu")).toContainText(/WhatsApp asks us to slow down\. Tried again at \d\d?:\d\d/);
  await answer(page, "Dua");
  await expect(bubble(page, "Dua")).toContainText("Waits for the messages ahead of it.");
  await status(bubble(page, "Dua"), "delivered", "read");
  await expect(hint).toHaveCount(0);
  await expect(bubble(page, "Satu")).not.toContainText("slow down");
  expect(await customer.texts()).toEqual(["Satu", "Dua"]);
});

test("a lost answer is unclear at first, settled by the receipt, and never sent twice", async ({
  page,
  server,
  customer,
}) => {
  await chat(page, customer);
  await server.sandbox.faults({ account: DEMO_NUMBER, lost_answer: true, mute: true });
  await answer(page, "Sudah sampai?");
  const mine = bubble(page, "Sudah sampai?");
  await status(mine, "unknown");
  await expect(mine).toContainText("WhatsApp did not answer in time. The message may have arrived");
  await expect(mine.getByRole("button", { name: "Send again" })).toHaveCount(0);
  await server.sandbox.clearFaults();
  await status(mine, "delivered", "read");
  await expect(mine).not.toContainText("WhatsApp did not answer in time");
  expect(await customer.texts()).toEqual(["Sudah sampai?"]);
});

test("what WhatsApp refuses says so and can be sent again", async ({ page, server, customer }) => {
  await chat(page, customer);
  await server.sandbox.faults({ account: DEMO_NUMBER, code: 131_051, times: 1 });
  await answer(page, "Ditolak");
  const mine = bubble(page, "Ditolak");
  await status(mine, "failed");
  await expect(mine).toContainText("WhatsApp does not accept this message.");
  await mine.getByRole("button", { name: "Send again" }).click();
  await status(mine, "delivered", "read");
});

test("more than a day after the customer wrote the composer says so, and opens when he writes", async ({
  page,
  customer,
}) => {
  const yesterday = Math.floor(Date.now() / 1000) - 25 * 3600;
  await customer.writes("Kemarin", { timestamp: yesterday });
  await page.getByRole("searchbox").fill(customer.name);
  await openChat(page, customer);
  await expect(page.getByText(/More than 24 hours have passed since the customer last wrote/)).toBeVisible();
  await composer(page).fill("Terlambat");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeDisabled();
  await composer(page).press("Enter");
  await expect(composer(page)).toHaveValue("Terlambat");
  await customer.writes("Saya kembali");
  await expect(page.getByText(/The customer can be answered freely for another/)).toBeVisible();
  await composer(page).press("Enter");
  await expect(bubble(page, "Terlambat")).toBeVisible();
  await expect.poll(() => customer.texts()).toEqual(["Terlambat"]);
});

test.describe("a number that WhatsApp no longer lets in", () => {
  test.use({ isolated: true });

  test("is said in the composer with a link to it, and what waits goes after it is back", async ({
    page,
    other,
    server,
    customer,
  }) => {
    await chat(page, customer);
    await server.sandbox.faults({ account: DEMO_NUMBER, code: 190 });
    await answer(page, "Masih menunggu");
    await expect(page.getByText("The number Toko Melati is not connected.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Send", exact: true })).toBeDisabled();
    await expect(page.getByRole("link", { name: "Look at the number" })).toHaveAttribute("href", /^\/accounts\//);
    await status(bubble(page, "Masih menunggu"), "queued");

    const owner = await other("owner");
    await open(owner, "/accounts");
    const tile = owner.getByRole("main").getByRole("link", { name: /Toko Melati/ });
    await expect(tile).toContainText("Needs attention");
    await expect(tile).toContainText("Meta no longer accepts this account's access token");
    await tile.click();
    await server.sandbox.clearFaults();
    await owner.getByRole("button", { name: "Try again" }).click();
    await expect(owner.getByText("Connected", { exact: true })).toBeVisible();
    await expect(page.getByText("The number Toko Melati is not connected.")).toHaveCount(0);
    await expect.poll(() => customer.texts(), { timeout: 30_000 }).toEqual(["Masih menunggu"]);
  });
});

test.describe("a number whose messages fail one after the other", () => {
  test.use({ isolated: true });

  test("raises an alert, which somebody takes note of for everyone", async ({ page, other, server, customer }) => {
    const [owner, second] = [await other("owner"), await other("owner")];
    await open(owner, "/accounts");
    await open(second, "/inbox");
    await chat(page, customer);
    await server.sandbox.faults({ account: DEMO_NUMBER, code: 131009 });
    for (const text of ["Satu", "Dua", "Tiga", "Empat", "Lima"]) {
      await answer(page, text);
      await status(bubble(page, text), "failed");
    }
    const alert = owner.getByRole("list", { name: "Alerts" }).getByRole("listitem");
    await expect(alert).toContainText("Toko Melati: messages cannot be sent");
    await expect(alert).toContainText("5 messages in a row could not be sent.");
    const count = second.getByRole("navigation").getByRole("link", { name: "Numbers" }).locator(".rail-count");
    await expect(count).toHaveText("1");
    await alert.getByRole("button", { name: "Noted" }).click();
    await expect(alert).toContainText("noted by Melati Kusuma");
    await expect(count).toBeEmpty();
    await owner.reload();
    await expect(alert).toContainText("noted by Melati Kusuma");
  });
});

test("who is told of alerts is set for all numbers together", async ({ page, signIn, quiet }) => {
  quiet.allow(/status of 422/);
  await signIn(page, "owner");
  await open(page, "/accounts");
  const field = (label: string) => page.getByRole("textbox", { name: label, exact: true });
  const general = page.locator("form").filter({ has: page.getByRole("heading", { name: "All numbers together" }) });
  await field("Alert after minutes").fill("0");
  await expect(general.getByText(/^Between 1 and/)).toBeVisible();
  await field("Alert after minutes").fill("10");
  await field("Alerts by e-mail to").fill("nobody");
  await expect(general.getByRole("button", { name: "Save" })).toBeDisabled();
  await field("Alerts by e-mail to").fill("ops@example.org, owner@example.org");
  await general.getByRole("button", { name: "Save" }).click();
  // The tests' server knows no mail server.
  await expect(page.getByText(/^This server sends no e-mails: its administrator must name a mail server/)).toBeVisible();
  await field("Alerts by e-mail to").fill("");
  await general.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await field("Address for alerts").fill("not a url");
  await field("Secret for alerts").fill("long-enough-secret");
  const webhook = page.locator("form").filter({ has: page.getByRole("heading", { name: "Alerts to another program" }) });
  await webhook.getByRole("button", { name: "Save" }).click();
  await expect(field("Address for alerts")).toHaveAttribute("aria-invalid", "true");
  await field("Address for alerts").fill("http://127.0.0.1:9/alerts");
  await webhook.getByRole("button", { name: "Save" }).click();
  await expect(webhook.getByRole("button", { name: "Stop" })).toBeVisible();
  await page.reload();
  await expect(field("Alert after minutes")).toHaveValue("10");
  await expect(field("Address for alerts")).toHaveValue("http://127.0.0.1:9/alerts");
  await expect(field("Secret for alerts")).toHaveValue("");
  await webhook.getByRole("button", { name: "Stop" }).click();
  await expect(field("Address for alerts")).toHaveValue("");
});
