// A message however far back it stands: found, quoted or named by an address, and onwards from there.

import type { Locator, Page } from "@playwright/test";

import { answer, bubble, fromNewest, hits, open, openChat, row, thread } from "./support/screens.js";
import type { Customer, Server } from "./support/server.js";
import { expect, test } from "./support/test.js";

/** How many messages the long conversation has: five pages. */
const MANY = 230;

/** Message `n` of the long conversation. */
const line = (n: number): string => `Baris ke-${String(n).padStart(3, "0")}`;

/** A customer with a long conversation, made once for each server. */
const long = new WeakMap<Server, Promise<Customer>>();

async function talk(server: Server): Promise<Customer> {
  const customer = server.customer();
  // Just now, or it would stand below what other tests have written.
  const earlier = Math.floor(Date.now() / 1000) - MANY - 5;
  for (let n = 0; n < MANY; n += 1) {
    await customer.writes(n === 20 ? `${line(n)} rahasia-lumba` : line(n), { timestamp: earlier + n });
  }
  await expect.poll(() => server.sandbox.pending()).toBe(0);
  return customer;
}

const talkative = (server: Server): Promise<Customer> => {
  const made = long.get(server) ?? talk(server);
  long.set(server, made);
  return made;
};

/** Where a message stands on the screen. */
const place = async (message: Locator): Promise<number> => Math.round((await message.boundingBox())?.y ?? -1);

/** Scrolls to the end of what is loaded. */
const down = (page: Page): Promise<void> => thread(page).evaluate((element) => element.scrollTo({ top: 0 }));

const pill = (page: Page): Locator => page.getByRole("button", { name: "To the newest message" });

/** Whatever is loaded, there is no gap in it. */
async function expectNoGap(page: Page): Promise<void> {
  const texts = await thread(page).getByRole("article").allInnerTexts();
  const numbers = texts.flatMap((text) => /Baris ke-(\d+)/.exec(text)?.[1] ?? []).map(Number);
  expect(numbers.length).toBeGreaterThan(10);
  expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at));
}

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
});

test("a hit of the search opens what stands around it", async ({ page, server }) => {
  await talkative(server);
  await open(page, "/inbox?q=rahasia-lumba");
  await hits(page).click();
  const found = bubble(page, line(20));
  await expect(found).toBeInViewport();
  await expect(found).toBeFocused();
  await expect(found).toHaveAttribute("data-flash", "");
  await expect(page).toHaveURL(/\/inbox\/[0-9a-f-]{36}\?message=[0-9a-f-]{36}&q=rahasia-lumba#m-/);
  await expectNoGap(page);
  expect(await thread(page).getByRole("article").count()).toBeLessThan(120);
  await expect(found).not.toHaveAttribute("data-flash");
});

test("its address can be shared and reloaded, and nothing moves when the page wakes up", async ({
  page,
  server,
  other,
}) => {
  await talkative(server);
  await open(page, "/inbox?q=rahasia-lumba");
  await hits(page).click();
  await expect(bubble(page, line(20))).toBeInViewport();
  const address = page.url();
  const colleague = await other("supervisor");
  // Before the program is there, and after.
  let go = (): void => {};
  const asleep = new Promise<void>((resolve) => (go = resolve));
  await colleague.route(/\.wasm$/, async (route) => {
    await asleep;
    await route.continue();
  });
  await colleague.goto(address, { waitUntil: "domcontentloaded" });
  const found = bubble(colleague, line(20));
  await expect(found).toBeInViewport();
  const before = await place(found);
  go();
  await expect(colleague.locator("html")).toHaveAttribute("data-hydrated", "");
  await expect(found).toBeFocused();
  await expect(found).toBeInViewport();
  expect(Math.abs((await place(found)) - before)).toBeLessThanOrEqual(1);
  await page.reload();
  await expect(bubble(page, line(20))).toBeFocused();
});

test("from there one scrolls on to the end, and nothing is left out", async ({ page, server }) => {
  await talkative(server);
  await open(page, "/inbox?q=rahasia-lumba");
  await hits(page).click();
  await expect(bubble(page, line(20))).toBeInViewport();
  await expect(pill(page)).toBeVisible();
  await expect
    .poll(async () => {
      await down(page);
      return bubble(page, line(MANY - 1)).count();
    })
    .toBe(1);
  await expectNoGap(page);
  await expect.poll(async () => {
    await down(page);
    return fromNewest(thread(page));
  }).toBe(0);
  await expect(bubble(page, line(MANY - 1))).toBeInViewport();
  await expect(pill(page)).toHaveCount(0);
});

test("what is read stays where it is while newer messages come below", async ({ page, server }) => {
  await talkative(server);
  await open(page, "/inbox?q=rahasia-lumba");
  await hits(page).click();
  await expect(bubble(page, line(20))).toBeInViewport();
  // What is near is loaded by itself first.
  let seen = -1;
  const settled = async () => {
    const before = seen;
    seen = await thread(page).getByRole("article").count();
    return seen === before;
  };
  await expect.poll(settled, { intervals: [500] }).toBe(true);
  const count = seen;
  // The very last one is drawn anew when others follow it.
  const id = (await thread(page).getByRole("article").nth(count - 2).getAttribute("id")) ?? "";
  const anchored = page.locator(`[id="${id}"]`);
  await anchored.evaluate((element) => element.scrollIntoView({ block: "end" }));
  const before = await place(anchored);
  await expect.poll(() => thread(page).getByRole("article").count()).toBeGreaterThan(count);
  await expect.poll(async () => Math.abs((await place(anchored)) - before)).toBeLessThanOrEqual(1);
});

test("who is away from the end sees how much came, not the messages, and the button leads there", async ({
  page,
  server,
}) => {
  const customer = await talk(server);
  await open(page, "/inbox");
  await openChat(page, customer);
  await expect(row(page, customer)).not.toContainText("unread");
  await page.getByRole("searchbox").first().fill(line(20));
  await hits(page).filter({ hasText: customer.name }).click();
  await expect(bubble(page, line(20))).toBeFocused();
  await customer.writes("Kabar baru");
  await expect(pill(page)).toContainText("1 new message");
  await customer.writes("Kabar kedua");
  await expect(pill(page)).toContainText("2 new messages");
  await expect(bubble(page, "Kabar")).toHaveCount(0);
  await expectNoGap(page);
  await pill(page).focus();
  await page.keyboard.press("Enter");
  await expect(bubble(page, "Kabar kedua")).toBeInViewport();
  await expect(pill(page)).toHaveCount(0);
  await expect(thread(page)).toBeFocused();
  await expect(page).not.toHaveURL(/message=/);
  await page.getByRole("searchbox").first().fill("");
  await expect(row(page, customer)).toContainText("Kabar kedua");
  await expect(row(page, customer)).not.toContainText("unread");
});

test("an answer is written at the end", async ({ page, server }) => {
  const customer = await talk(server);
  await open(page, `/inbox?q=${encodeURIComponent(line(20))}`);
  await hits(page).filter({ hasText: customer.name }).click();
  await expect(bubble(page, line(20))).toBeFocused();
  await answer(page, "Ini jawabannya");
  await expect(bubble(page, "Ini jawabannya")).toBeInViewport();
  await expect(bubble(page, line(MANY - 1))).toBeVisible();
  await expectNoGap(page);
});

test("a quote leads to what it quotes, however far back", async ({ page, server }) => {
  const customer = server.customer();
  const earlier = Math.floor(Date.now() / 1000) - 125;
  const first = await customer.writes("Pertanyaan pertama", { timestamp: earlier - 1 });
  for (let n = 0; n < 120; n += 1) {
    await customer.writes(line(n), { timestamp: earlier + n });
  }
  await customer.writes("Soal yang pertama", { reply_to: first });
  await open(page, "/inbox");
  await openChat(page, customer);
  await bubble(page, "Soal yang pertama").getByRole("button", { name: "Pertanyaan pertama" }).click();
  await expect(bubble(page, /^Pertanyaan pertama/)).toBeFocused();
  await expect(bubble(page, /^Pertanyaan pertama/)).toBeInViewport();
  await expect(page).toHaveURL(/[?&]message=/);
  await pill(page).click();
  await expect(bubble(page, "Soal yang pertama")).toBeInViewport();
});

test("a message that is gone says so and shows the newest", async ({ page, server }) => {
  const customer = await talkative(server);
  await open(page, "/inbox");
  await openChat(page, customer);
  const path = new URL(page.url()).pathname;
  await open(page, `${path}?message=00000000-0000-7000-8000-000000000000`);
  await expect(page.getByText("This message is not here any more. You see the newest ones.")).toBeVisible();
  await expect(bubble(page, line(MANY - 1))).toBeInViewport();
  await expect(page).toHaveURL(path);
});
