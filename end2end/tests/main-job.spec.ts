// The thing that Balas exists for: a message arrives, an agent answers, everyone sees it live.

import { answer, bubble, chat, composer, open, openChat, row, rows, status } from "./support/screens.js";
import { NAMES } from "./support/server.js";
import { DEMO_NUMBER } from "./support/sandbox.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
});

test("a message moves its conversation to the top, and counts in badge and title", async ({ page, customer }) => {
  const first = rows(page).first();
  await expect(first).toBeVisible();
  const before = Number(/^\((\d+)\)/.exec(await page.title())?.[1] ?? 0);

  await customer.writes("Apakah gaun merah masih ada?");
  await expect(first).toContainText(customer.name);
  await expect(first).toContainText("Apakah gaun merah masih ada?");
  await expect(first).toContainText("1 unread message");
  await expect(page).toHaveTitle(`(${before + 1}) Balas`);

  await customer.writes("Ukuran M");
  await expect(first).toContainText("2 unread messages");
  await expect(first).toContainText("Ukuran M");
  await expect(page).toHaveTitle(`(${before + 2}) Balas`);
});

test("a message in an older conversation moves its row up without a reload", async ({ page, server, customer }) => {
  const later = server.customer();
  // WhatsApp's clock knows whole seconds only.
  const now = Math.floor(Date.now() / 1000);
  await customer.writes("first", { timestamp: now - 2 });
  await expect(row(page, customer)).toContainText("first");
  await later.writes("second", { timestamp: now - 1 });
  await expect(rows(page).first()).toContainText(later.name);
  await customer.writes("third", { timestamp: now });
  await expect(rows(page).first()).toContainText(customer.name);
  await expect(row(page, customer)).toHaveCount(1);
});

test("a conversation that is looked at is read, here and at a colleague's", async ({ page, other, customer }) => {
  const colleague = await other("supervisor");
  await open(colleague, "/inbox");
  await customer.writes("Halo");
  await expect(row(colleague, customer)).toContainText("1 unread message");
  await expect(row(page, customer)).toContainText("1 unread message");
  await openChat(page, customer);
  await expect(row(page, customer)).not.toContainText("unread");
  await expect(row(colleague, customer)).not.toContainText("unread");
  await customer.writes("Masih di sana?");
  await expect(bubble(page, "Masih di sana?")).toBeVisible();
  await expect(row(colleague, customer)).toContainText("Masih di sana?");
  await expect(row(colleague, customer)).not.toContainText("unread");
});

test("a colleague's page shows message and answer without a reload", async ({ page, other, customer }) => {
  const colleague = await other("supervisor");
  await open(colleague, "/inbox");
  await customer.writes("Berapa ongkirnya?");
  await expect(rows(colleague).first()).toContainText("Berapa ongkirnya?");
  await openChat(colleague, customer);
  await openChat(page, customer);

  await answer(page, "Rp 12.000 ke Sleman");
  const seen = bubble(colleague, "Rp 12.000 ke Sleman");
  await expect(seen).toHaveCount(1);
  await expect(seen).toContainText(NAMES.agent);
  await expect(bubble(page, "Rp 12.000 ke Sleman")).toContainText("You");
  await status(seen, "delivered", "read");
  await expect(row(colleague, customer)).toContainText("Rp 12.000 ke Sleman");
});

test("an answer is shown before the server has it", async ({ page, customer }) => {
  await chat(page, customer);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/api/ui/send_message", async (route) => {
    await held;
    await route.continue();
  });
  await composer(page).fill("Sebentar ya");
  await composer(page).press("Enter");
  const mine = bubble(page, "Sebentar ya");
  await expect(mine).toBeVisible();
  await status(mine, "queued");
  await expect(composer(page)).toHaveValue("");
  await expect(composer(page)).toBeFocused();
  expect(await customer.texts()).toEqual([]);
  release();
  await status(mine, "sent", "delivered", "read");
  await expect(mine).toHaveCount(1);
});

test("ticks follow the message: sending, sent, delivered, read", async ({ page, server, customer }) => {
  await chat(page, customer);
  // Slow enough to be seen, and with the news held back until the first ticks were.
  await server.sandbox.faults({ account: DEMO_NUMBER, delay_ms: 1_500, mute: true });
  await answer(page, "Sudah kami kirim");
  const mine = bubble(page, "Sudah kami kirim");
  await status(mine, "sending");
  await expect(mine).toContainText("Being sent");
  await status(mine, "sent");
  await expect(mine.locator(".ticks")).toContainText("Sent");
  await server.sandbox.clearFaults();
  await status(mine, "delivered", "read");
  await server.sandbox.read(customer.number);
  await status(mine, "read");
  await expect(mine.locator(".ticks")).toContainText("Read");
  await expect(row(page, customer)).toContainText("Read");
});

test("the customer's phone shows the answer once, and is shown as read", async ({ page, server, customer }) => {
  await chat(page, customer);
  await answer(page, "Buka sampai jam 9 malam");
  await expect.poll(() => customer.texts()).toEqual(["Buka sampai jam 9 malam"]);
  await server.sandbox.read(customer.number);
  await status(bubble(page, "Buka sampai jam 9 malam"), "read");
  expect(await customer.texts()).toEqual(["Buka sampai jam 9 malam"]);
});

test("several answers in a row arrive in order, each once", async ({ page, customer }) => {
  await chat(page, customer);
  const texts = Array.from({ length: 6 }, (_, n) => `Pesan ${n + 1}`);
  for (const text of texts) {
    await composer(page).fill(text);
    await composer(page).press("Enter");
  }
  await expect.poll(() => customer.texts()).toEqual(texts);
  for (const text of texts) {
    await expect(bubble(page, text)).toHaveCount(1);
  }
});

test("a webhook that comes three times is one message", async ({ page, server, customer }) => {
  await server.sandbox.faults({ account: DEMO_NUMBER, duplicate: 3 });
  await customer.writes("Tiga kali");
  await expect.poll(() => server.sandbox.pending()).toBe(0);
  await expect(row(page, customer)).toContainText("1 unread message");
  await openChat(page, customer);
  await expect(bubble(page, "Tiga kali")).toHaveCount(1);
});

test("typing shows at the colleague and on the customer's phone", async ({ page, other, server, customer }) => {
  const colleague = await other("supervisor");
  await open(colleague, "/inbox");
  await chat(page, customer);
  await openChat(colleague, customer);
  await composer(page).pressSequentially("Sebentar");
  await expect(colleague.getByText(`${NAMES.agent} is typing an answer…`)).toBeVisible();
  await expect.poll(() => server.sandbox.typing(customer.number)).toBe(true);
  await expect(page.getByText("is typing an answer…")).toHaveCount(0);
  await composer(page).press("Enter");
  await expect(colleague.getByText("is typing an answer…")).toHaveCount(0);
  await expect(bubble(colleague, "Sebentar")).toBeVisible();
});
