// Who is who: names of one person that come to be known as such, suggestions, and parting again.

import { type Locator, type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { bubble, composer, list, open, openChat, row, rows } from "./support/screens.js";
import { type Customer } from "./support/server.js";
import { expect, test } from "./support/test.js";

const section = (page: Page, name: string): Locator => page.getByRole("region", { name });
const pairs = (page: Page): Locator => section(page, "May be the same person").getByRole("listitem");

/** The id by which Meta names a customer who shows no number. */
const userId = (customer: Customer): string => `ID.${customer.number}`;

test.use({ isolated: true });

test("names of one person become one conversation while it is open, and nothing that was typed is lost", async ({
  page,
  server,
  signIn,
  customer,
  quiet,
}) => {
  test.slow();
  // The panel asks about the contact that has just become another one.
  quiet.allow(/404 .*api\/ui\/contact\b/);
  await signIn(page, "owner");
  await open(page, "/inbox");
  const user_id = userId(customer);
  await customer.writes("By number");
  await expect(row(page, customer)).toBeVisible();
  await server.sandbox.receive({ user_id, name: "Without a number", text: "By name" });
  await openChat(page, { name: "Without a number" });
  const before = page.url();
  await composer(page).pressSequentially("Half an answ");

  // Now WhatsApp says that both are one.
  await server.sandbox.receive({ from: customer.number, user_id, name: customer.name, text: "By both" });
  await expect(page).not.toHaveURL(before);
  for (const text of ["By number", "By name", "By both"]) {
    await expect(bubble(page, text)).toBeVisible();
  }
  await expect(composer(page)).toHaveValue("Half an answ");
  await expect(rows(page).filter({ hasText: /Without a number/ })).toHaveCount(0);
  await expect(row(page, customer)).toHaveCount(1);
  const merged = page.url();

  // An old link leads there.
  await open(page, before);
  await expect(page).toHaveURL(merged);
  await expect(composer(page)).toHaveValue("Half an answ");

  const details = page.getByRole("complementary", { name: "Details" });
  await expect(details).toContainText("Known as");
  await expect(details).toContainText(/Business ID …\d{4}/);
  expect(await violations(page)).toEqual([]);
  await details.getByRole("button", { name: /^Undo/ }).click();
  await expect(list(page).getByText("Without a number")).toBeVisible();
  await expect(bubble(page, "By name")).toHaveCount(0);
  await expect(bubble(page, "By number")).toBeVisible();
});

test("two spellings that are there already are suggested: one pair is merged, another kept apart", async ({
  page,
  other,
  server,
  signIn,
}) => {
  await signIn(page, "supervisor");
  await open(page, "/contacts");
  const receive = (message: Record<string, unknown>): Promise<string> => server.sandbox.receive(message);
  for (const [n, long, short] of [
    [1, "5541998765431", "554198765431"],
    [2, "5215512345672", "525512345672"],
  ] as const) {
    const user_id = `BR.77${n}`;
    await receive({ from: long, name: `Long ${n}`, text: "Oi" });
    await receive({ user_id, name: `Short ${n}`, text: "Ola" });
    // The second one turns out to have a number that looks like the first one's.
    await receive({ from: short, user_id, name: `Short ${n}`, text: "Sou eu" });
    await expect(pairs(page)).toHaveCount(n);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await violations(page)).toEqual([]);
  expect(await seenInTheDark(page)).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 800 });

  const agent = await other("agent");
  await open(agent, "/contacts");
  await expect(pairs(agent)).toHaveCount(2);
  await expect(pairs(agent).first().getByRole("button")).toHaveCount(0);

  await pairs(page).filter({ hasText: "Long 1" }).getByRole("button", { name: "Same person" }).click();
  await expect(pairs(page)).toHaveCount(1);
  await pairs(page).filter({ hasText: "Long 2" }).getByRole("button", { name: "Keep apart" }).click();
  await expect(pairs(page)).toHaveCount(0);
  await expect(pairs(agent)).toHaveCount(0);

  // Supervisors do not undo; admins do, and everybody sees it.
  await expect(section(page, "Merged lately")).toBeHidden();
  const admin = await other("owner");
  await open(admin, "/contacts");
  const done = section(admin, "Merged lately").getByRole("listitem").filter({ hasText: "Short 1" });
  await done.getByRole("button", { name: /^Undo/ }).click();
  await expect(done).toContainText("undone");
  await expect(page.getByRole("main").getByRole("link").filter({ hasText: "Short 1" })).toBeVisible();
});
