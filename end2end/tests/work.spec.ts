// What a team makes of conversations: who looks after them, what is done, what is put off, what colleagues should know.

import { bubble, chat, composer, hits, open, openChat, row, rows } from "./support/screens.js";
import { expect, test } from "./support/test.js";

const panel = "complementary";
/** The demo supervisor. */
const SUPERVISOR = "Bayu Pratama";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
  await expect(rows(page).first()).toBeVisible();
});

test("resolving takes a conversation out of the list; the customer's next message brings it back", async ({
  page,
  customer,
}) => {
  await chat(page, customer, "Sudah beres?");
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(row(page, customer)).toHaveCount(0);
  await expect(page.getByText("You resolved this")).toBeVisible();
  await expect(page.getByRole("button", { name: "Open again" })).toBeVisible();

  await page.getByRole("combobox", { name: "State" }).selectOption({ label: "Resolved" });
  await expect(page).toHaveURL(/state=resolved/);
  await expect(row(page, customer)).toContainText("Resolved");
  await page.reload();
  await expect(row(page, customer)).toContainText("Resolved");
  await page.getByRole("button", { name: "All", exact: true }).click();

  await customer.writes("Satu lagi");
  await expect(row(page, customer)).toContainText("Satu lagi");
  await expect(page.getByRole("button", { name: "Resolve" })).toBeVisible();
});

test("e resolves and opens again", async ({ page, customer }) => {
  await chat(page, customer, "Cepat");
  await page.locator("#content").focus();
  await page.keyboard.press("e");
  await expect(page.getByText("You resolved this")).toBeVisible();
  await page.keyboard.press("e");
  await expect(page.getByText("You opened this again")).toBeVisible();
  await expect(row(page, customer)).toBeVisible();
});

test("giving a conversation to a colleague is seen by both at once, and counted", async ({
  page,
  other,
  customer,
}) => {
  await chat(page, customer, "Untuk siapa?");
  const colleague = await other("supervisor");
  await open(colleague, "/inbox");
  const mine = colleague.getByRole("button", { name: /^Mine/ });
  await mine.click();
  await expect(row(colleague, customer)).toHaveCount(0);

  const details = page.getByRole(panel, { name: "Details" });
  await details.getByRole("button", { name: "Give it to me" }).click();
  await expect(page.getByText("You took this")).toBeVisible();
  await page.getByRole("button", { name: /^Mine/ }).click();
  await expect(row(page, customer)).toContainText("You");
  await expect(page.getByRole("button", { name: /^Mine \d/ })).toBeVisible();

  await details.getByLabel("Looked after by").selectOption({ label: SUPERVISOR });
  await expect(row(page, customer)).toHaveCount(0);
  await expect(page.getByText(`You gave this to ${SUPERVISOR}`)).toBeVisible();
  await expect(row(colleague, customer)).toContainText("You");
  await openChat(colleague, customer);
  await expect(colleague.getByText(/ took this$/)).toBeVisible();
  await expect(colleague.getByText(/ gave this to you$/)).toBeVisible();
  await expect(colleague.getByRole("button", { name: /^Mine \d/ })).toBeVisible();
});

test("what is put off waits under its own heading", async ({ page, customer }) => {
  await chat(page, customer, "Besok saja");
  const details = page.getByRole(panel, { name: "Details" });
  await details.getByRole("button", { name: "Put off" }).click();
  await details.getByRole("button", { name: /^Until tomorrow morning \(09:00\)$/ }).click();
  await expect(page.getByText(/You put this off until/)).toBeVisible();
  await expect(row(page, customer)).toHaveCount(0);
  await page.getByRole("combobox", { name: "State" }).selectOption({ label: "Put off" });
  await expect(row(page, customer)).toContainText("Put off until");
  await page.getByRole("button", { name: "Open again" }).click();
  await expect(row(page, customer)).toHaveCount(0);
  await page.getByRole("button", { name: "All", exact: true }).click();
  await expect(row(page, customer)).toBeVisible();
});

test("one puts off until a moment of one's own, which is shown in each member's zone", async ({
  page,
  other,
  customer,
}) => {
  await chat(page, customer, "Bulan depan");
  const details = page.getByRole(panel, { name: "Details" });
  await details.getByRole("button", { name: "Put off" }).click();
  await details.getByRole("button", { name: "Until another time…" }).click();
  const field = details.getByLabel("Date and time");
  await expect(field).toBeFocused();
  // Tomorrow morning, until something else is said.
  await expect(field).toHaveValue(/T09:00$/);
  await field.fill("2020-02-03T10:30");
  await page.keyboard.press("Enter");
  await expect(field).toHaveAccessibleDescription("This moment has passed. Choose a later one.");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(row(page, customer)).toBeVisible();
  await field.fill("");
  await details.locator("form").getByRole("button", { name: "Put off" }).click();
  await expect(field).toHaveAccessibleDescription("Please fill this in.");
  await field.fill("2099-02-03T10:30");
  await expect(field).not.toHaveAttribute("aria-invalid");
  await page.keyboard.press("Enter");
  const button = details.getByRole("button", { name: "Put off until 3 February 2099, 10:30" });
  await expect(button).toBeFocused();
  await expect(page.getByText("You put this off until 3 February 2099, 10:30")).toBeVisible();

  const far = await other("supervisor", { timezoneId: "Asia/Tokyo" });
  await open(far, new URL(page.url()).pathname);
  const here = await page.evaluate(() => new Date("2099-02-03T10:30").getTime());
  const there = await far.evaluate((at) => new Date(at).toTimeString().slice(0, 5), here);
  await expect(far.getByRole(panel, { name: "Details" }).getByRole("button", { name: /^Put off until/ })).toContainText(
    there,
  );
});

test("labels are made on the way, seen in the list and filtered by", async ({ page, customer }) => {
  const label = `Retur ${customer.number.slice(-5)}`;
  await chat(page, customer, "Saya mau retur");
  const details = page.getByRole(panel, { name: "Details" });
  await details.getByLabel("New label").fill(label);
  await details.getByRole("button", { name: "Add" }).click();
  await expect(details.getByRole("button", { name: label })).toHaveAttribute("aria-pressed", "true");
  await expect(row(page, customer)).toContainText(label);
  await page.getByRole("combobox", { name: "Label" }).selectOption({ label: `${label} (1)` });
  await expect(rows(page)).toHaveCount(1);
  await expect(page).toHaveURL(/label=[0-9a-f-]{36}/);
  await details.getByRole("button", { name: label }).click();
  await expect(rows(page)).toHaveCount(0);
});

test("a note stands in the thread for colleagues and never reaches the customer", async ({
  page,
  other,
  server,
  customer,
}) => {
  await chat(page, customer, "Halo");
  const colleague = await other("supervisor");
  await open(colleague, new URL(page.url()).pathname);
  await page.getByRole("button", { name: "Write a note" }).click();
  const field = page.getByRole("textbox", { name: "Note" });
  await field.fill("Pelanggan lama, beri diskon");
  await page.getByRole("button", { name: "Add note" }).click();
  for (const screen of [page, colleague]) {
    await expect(bubble(screen, "Pelanggan lama, beri diskon")).toContainText("Note");
  }
  await composer(page).fill("Baik, kami bantu");
  await page.keyboard.press("Enter");
  await expect(bubble(page, "Baik, kami bantu")).toHaveAttribute("data-status", /delivered|read/);
  const seen = JSON.stringify(await server.sandbox.sent(customer.number));
  expect(seen).toContain("Baik, kami bantu");
  expect(seen).not.toContain("beri diskon");
});

test("colleagues see who else looks at a conversation", async ({ page, other, customer }) => {
  await chat(page, customer, "Siapa di sini?");
  await expect(page.getByText(/Also here/)).toHaveCount(0);
  const colleague = await other("supervisor");
  await open(colleague, new URL(page.url()).pathname);
  await expect(page.getByText(/Also here: /)).toBeVisible();
  await expect(colleague.getByText(/Also here: /)).toBeVisible();
  await colleague.close();
  await expect(page.getByText(/Also here/)).toHaveCount(0);
});

test("a search finds words in messages, marks them, and leads to their place", async ({ page, customer }) => {
  await customer.writes("Kode unik zamrud-satu di awal");
  for (let n = 0; n < 60; n += 1) {
    await customer.writes(`baris ${n}`);
  }
  await chat(page, customer, "baris terakhir");
  await page.getByRole("searchbox").fill("ZAMRUD");
  const hit = hits(page);
  await expect(hit).toHaveCount(1);
  await expect(hit.locator("mark")).toHaveText("zamrud");
  // Further back than what is loaded.
  const found = bubble(page, "Kode unik zamrud-satu di awal");
  await hit.click();
  await expect(found).toBeInViewport();
});
