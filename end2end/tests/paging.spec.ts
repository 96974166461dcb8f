// Long lists: older messages and older conversations come when one gets near, and nothing jumps.

import type { Page } from "@playwright/test";

import { bubble, chat, fromNewest, list, open, openChat, row, rows, thread } from "./support/screens.js";
import { expect, test } from "./support/test.js";

/** Opens the longest conversation of the demo, which may have sunk below the first rows of the list. */
async function openLongest(page: Page): Promise<void> {
  await open(page, "/inbox?q=Ratna");
  await openChat(page, { name: "Ratna Dewanti" });
}

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
});

test("an opened conversation stands at its newest message", async ({ page }) => {
  await openLongest(page);
  await expect(thread(page).getByRole("article").last()).toBeInViewport();
  expect(await fromNewest(thread(page))).toBe(0);
});

test("older messages come while scrolling back, and what is read stays where it is", async ({ page }) => {
  await openLongest(page);
  const messages = thread(page).getByRole("article");
  await expect(messages).toHaveCount(50);
  const anchor = messages.first();
  const id = (await anchor.getAttribute("id")) ?? "";
  await anchor.scrollIntoViewIfNeeded();
  const anchored = page.locator(`[id="${id}"]`);
  await expect.poll(() => messages.count()).toBeGreaterThan(50);
  // The same message still stands in view although fifty came on top of it.
  await expect(anchored).toBeInViewport();
  expect(await messages.first().getAttribute("id")).not.toBe(id);
});

test("the whole conversation can be read back to its beginning, in order and without gaps", async ({ page }) => {
  await openLongest(page);
  await expect
    .poll(async () => {
      await thread(page).evaluate((element) => element.scrollTo({ top: -element.scrollHeight }));
      return page.getByText("The conversation begins here").count();
    })
    .toBe(1);
  const times = await thread(page)
    .locator("article time")
    .evaluateAll((found) => found.map((time) => Date.parse(time.getAttribute("datetime") ?? "")));
  expect(times.length).toBeGreaterThan(120);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  await expect(bubble(page, "Selamat pagi, saya Ratna dari Klinik Sehat Bersama")).toHaveCount(1);
});

test("who reads further up is not moved; a pill counts what is new and leads there", async ({ page, customer }) => {
  for (let n = 0; n < 30; n += 1) {
    await customer.writes(`Cerita panjang ${n}\nbaris dua\nbaris tiga`);
  }
  await expect(row(page, customer)).toContainText("Cerita panjang 29");
  await openChat(page, customer);
  await expect(bubble(page, "Cerita panjang 29")).toBeInViewport();
  const read = bubble(page, "Cerita panjang 12");
  await read.scrollIntoViewIfNeeded();
  const place = async (): Promise<number> => Math.round((await read.boundingBox())?.y ?? 0);
  const pill = page.getByRole("button", { name: "To the newest message" });
  await expect(pill).toBeVisible();
  const before = await place();
  await customer.writes("Baru satu");
  await expect(pill).toContainText("1 new message");
  await customer.writes("Baru dua");
  await expect(pill).toContainText("2 new messages");
  expect(Math.abs((await place()) - before)).toBeLessThanOrEqual(1);
  await expect(row(page, customer)).toContainText("2 unread messages");
  await pill.click();
  await expect(bubble(page, "Baru dua")).toBeInViewport();
  await expect(pill).toHaveCount(0);
  await expect(row(page, customer)).not.toContainText("unread");
});

test("at the newest message new ones push up by themselves", async ({ page, customer }) => {
  await chat(page, customer);
  for (let n = 0; n < 15; n += 1) {
    await customer.writes(`Baris ${n}\nlagi\nlagi`);
  }
  await expect(bubble(page, "Baris 14")).toBeInViewport();
  await expect(page.getByRole("button", { name: "To the newest message" })).toHaveCount(0);
});

test("a divider marks what is new since the last visit", async ({ page, customer }) => {
  await customer.writes("Belum dibaca");
  await openChat(page, customer);
  await expect(thread(page).getByText("New since your last visit")).toBeVisible();
});

test.describe("many conversations", () => {
  test.use({ isolated: true });

  test("the list goes on when one scrolls down, each conversation once", async ({ page, server }) => {
    const earlier = Math.floor(Date.now() / 1000) - 30 * 24 * 3600;
    for (let n = 0; n < 70; n += 1) {
      await server.customer().writes(`Lama ${n}`, { timestamp: earlier - n });
    }
    await expect.poll(() => server.sandbox.pending()).toBe(0);
    await open(page, "/inbox");
    await expect(rows(page).first()).toBeVisible();
    const first = await rows(page).count();
    expect(first).toBeLessThanOrEqual(60);
    await expect
      .poll(async () => {
        await list(page).locator("#list-scroll").evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
        return row(page, { name: "Lama 69" }).count();
      })
      .toBe(1);
    await expect(page.getByRole("button", { name: "Load more" })).toHaveCount(0);
    const addresses = await rows(page).evaluateAll((found) => found.map((link) => link.getAttribute("href")));
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(addresses.length).toBeGreaterThan(100);
  });
});
