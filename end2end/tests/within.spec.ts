// Looking for words in one conversation.

import type { Locator, Page } from "@playwright/test";

import { violations } from "./support/axe.js";
import { bubble, composer, open, openChat, thread } from "./support/screens.js";
import { expect, test } from "./support/test.js";

const button = (page: Page): Locator => page.getByRole("button", { name: "Search in this conversation" });
const bar = (page: Page): Locator => page.getByRole("search", { name: "Search in this conversation" });
const field = (page: Page): Locator => bar(page).getByRole("searchbox");
const place = (page: Page): Locator => bar(page).getByRole("status");
const marked = (page: Page): Locator => thread(page).locator("mark");

test.beforeEach(async ({ page, signIn, server, customer }) => {
  await signIn(page);
  // Just now, or it would stand below what other tests have written.
  const earlier = Math.floor(Date.now() / 1000) - 125;
  const secret = [3, 60, 118];
  for (let n = 0; n < 120; n += 1) {
    const text = secret.includes(n) ? `Pesanan *Mawar* ke-${n}` : `Baris ${n}`;
    await customer.writes(text, { timestamp: earlier + n });
  }
  await server.customer().writes("Mawar di tempat lain");
  await expect.poll(() => server.sandbox.pending()).toBe(0);
  await open(page, "/inbox");
  await openChat(page, customer);
});

test("hits of this conversation are counted, marked and gone through, however far back", async ({ page }) => {
  await button(page).click();
  await expect(field(page)).toBeFocused();
  await field(page).fill("mawar");
  await expect(place(page)).toHaveText("1 of 3");
  await expect(bubble(page, "ke-118")).toBeInViewport();
  await expect(marked(page).first()).toHaveText("Mawar");
  await page.keyboard.press("Enter");
  await expect(place(page)).toHaveText("2 of 3");
  await expect(bubble(page, "ke-60")).toBeInViewport();
  await expect(field(page)).toBeFocused();
  const older = bar(page).getByRole("button", { name: "Older hit" });
  await older.click();
  await expect(place(page)).toHaveText("3 of 3");
  await expect(bubble(page, "ke-3")).toBeInViewport();
  await expect(bubble(page, "ke-3").locator("mark")).toHaveText("Mawar");
  await expect(older).toHaveAttribute("aria-disabled", "true");
  await older.click({ force: true });
  await expect(place(page)).toHaveText("3 of 3");
  await bar(page).getByRole("button", { name: "Newer hit" }).click();
  await expect(place(page)).toHaveText("2 of 3");
  await expect(bubble(page, "ke-60")).toBeInViewport();
  expect(await violations(page)).toEqual([]);
});

test("Escape closes it, gives the focus back and takes the marks away", async ({ page }) => {
  await page.keyboard.press("f");
  await expect(field(page)).toBeFocused();
  await field(page).fill("MAW");
  await expect(marked(page).first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(bar(page)).toHaveCount(0);
  await expect(button(page)).toBeFocused();
  await expect(button(page)).toHaveAttribute("aria-expanded", "false");
  await expect(marked(page)).toHaveCount(0);
  await composer(page).focus();
  await page.keyboard.type("f");
  await expect(composer(page)).toHaveValue("f");
});

test("what stands nowhere in it says so, and another conversation begins without a search", async ({ page, server }) => {
  await button(page).click();
  await field(page).fill("tempat lain");
  await expect(place(page)).toHaveText("No message contains these words.");
  const other = server.customer();
  await other.writes("Halo");
  await openChat(page, other);
  await expect(bar(page)).toHaveCount(0);
});
