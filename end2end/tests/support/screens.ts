// What people see and do, in their words.

import { type Locator, type Page, expect } from "@playwright/test";

import type { Customer } from "./server.js";

/** Opens a page and waits until the program has taken over. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await ready(page);
}

/** Waits until the program has taken over. */
export async function ready(page: Page): Promise<void> {
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "");
}

/** The list of conversations. */
export const list = (page: Page): Locator => page.getByRole("region", { name: "Conversations" });

/** All rows. */
export const rows = (page: Page): Locator => list(page).locator("a.row:not(.hit)");

/** The row of a customer. */
export const row = (page: Page, customer: { name: string }): Locator =>
  rows(page).filter({ hasText: customer.name });

/** Messages that a search has found. */
export const hits = (page: Page): Locator =>
  list(page).getByRole("region", { name: "Messages", exact: true }).getByRole("link");

/** The messages of the opened conversation. */
export const thread = (page: Page): Locator => page.getByRole("group", { name: /^Messages with/ });

/** The message with this text. */
export const bubble = (page: Page, text: string | RegExp): Locator =>
  thread(page).getByRole("article").filter({ hasText: text });

/** Where answers are written. */
export const composer = (page: Page): Locator => page.getByRole("textbox", { name: "Answer" });

/** Opens a customer's conversation from the list. */
export async function openChat(page: Page, customer: { name: string }): Promise<void> {
  await row(page, customer).click();
  await expect(page.getByRole("heading", { level: 2, name: customer.name })).toBeVisible();
  await expect(composer(page)).toBeVisible();
}

/** A customer writes, and the page has his conversation open. */
export async function chat(page: Page, customer: Customer, text = "Halo, masih buka?"): Promise<void> {
  await customer.writes(text);
  await expect(row(page, customer)).toBeVisible();
  await openChat(page, customer);
  await expect(bubble(page, text)).toBeVisible();
}

/** Writes an answer and sends it. */
export async function answer(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
  await expect(bubble(page, text)).toBeVisible();
}

/** Waits until a message of ours has come so far. */
export async function status(message: Locator, ...any: string[]): Promise<void> {
  await expect(message).toHaveAttribute("data-status", new RegExp(`^(${any.join("|")})$`));
}

/** The preferences, opened. */
export async function preferences(page: Page): Promise<Locator> {
  await page.locator("[popovertarget=preferences]").click();
  const popover = page.locator("#preferences");
  await expect(popover).toBeVisible();
  return popover;
}

/** How far a scroller stands from its newest end; 0 is there. */
export const fromNewest = (scroller: Locator): Promise<number> =>
  scroller.evaluate((element) => Math.abs(Math.round(element.scrollTop)));
