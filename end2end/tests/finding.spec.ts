// Finding a conversation, and moving without the mouse.

import { bubble, chat, composer, hits, list, open, openChat, row, rows } from "./support/screens.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
  await expect(rows(page).first()).toBeVisible();
});

test.describe("search and filters", () => {
  test("a search finds names, numbers and texts, stands in the address and survives a reload", async ({
    page,
    customer,
  }) => {
    await customer.writes("kain lurik istimewa");
    await expect(row(page, customer)).toBeVisible();
    const search = page.getByRole("searchbox");
    await search.fill(customer.name);
    await expect(rows(page)).toHaveCount(1);
    await expect(page).toHaveURL(/[?&]q=Customer/);
    await page.reload();
    await expect(search).toHaveValue(customer.name);
    await expect(rows(page)).toHaveCount(1);
    await search.fill("lurik istimewa");
    await expect(rows(page)).toHaveCount(0);
    await expect(hits(page)).toHaveCount(1);
    await expect(hits(page)).toContainText(customer.name);
    await search.fill(customer.number);
    await expect(rows(page)).toHaveCount(1);
    await search.fill("");
    await expect(page).toHaveURL("/inbox");
    await expect.poll(() => rows(page).count()).toBeGreaterThan(20);
  });

  test("a search without a hit says so and leads back", async ({ page }) => {
    await page.getByRole("searchbox").fill("tidak-ada-yang-begini");
    await expect(page.getByText("No conversation matches. Check the spelling, or show all.")).toBeVisible();
    await page.getByRole("link", { name: "Show all conversations" }).click();
    await expect(rows(page).first()).toBeVisible();
    await expect(page.getByRole("searchbox")).toHaveValue("");
  });

  test("SQL in a search is only text", async ({ page }) => {
    for (const text of ["' OR 1=1 --", "%", "_", `"; DROP TABLE messages; --`, "\\"]) {
      await page.getByRole("searchbox").fill(text);
      await expect(page).toHaveURL(new RegExp(`[?&]q=`));
      await expect(page.getByRole("alert")).toHaveCount(0);
    }
    await page.getByRole("searchbox").fill("' OR 1=1 --");
    await expect(page.getByText("Nothing found")).toBeVisible();
    await page.getByRole("searchbox").fill("");
    await expect(rows(page).first()).toBeVisible();
  });

  test("unread shows only what is unread, stands in the address and survives a reload", async ({ page, customer }) => {
    await customer.writes("Belum dibaca");
    await expect(row(page, customer)).toBeVisible();
    const unread = page.getByRole("button", { name: /^Unread/ });
    await unread.click();
    await expect(page).toHaveURL("/inbox?unread=1");
    await expect(unread).toHaveAttribute("aria-pressed", "true");
    await expect(rows(page).filter({ hasNotText: "unread message" })).toHaveCount(0);
    await expect(row(page, customer)).toBeVisible();
    await page.reload();
    await expect(unread).toHaveAttribute("aria-pressed", "true");
    await expect(row(page, customer)).toBeVisible();
    await expect(rows(page).filter({ hasNotText: "unread message" })).toHaveCount(0);
    await page.getByRole("button", { name: "All", exact: true }).click();
    await expect(page).toHaveURL("/inbox");
    await expect.poll(() => rows(page).count()).toBeGreaterThan(20);
  });

  test("a message that comes while a filter is set appears if it fits", async ({ page, server, customer }) => {
    await page.getByRole("button", { name: /^Unread/ }).click();
    await expect(page).toHaveURL("/inbox?unread=1");
    await customer.writes("Baru masuk");
    await expect(row(page, customer)).toContainText("Baru masuk");
    await page.getByRole("searchbox").fill("hanya-yang-ini");
    await expect(page.getByText("Nothing found")).toBeVisible();
    await server.customer().writes("yang lain");
    await expect(page.getByText("Nothing found")).toBeVisible();
  });

  test("back and forward walk through conversations and filters", async ({ page, server, customer }) => {
    const second = server.customer();
    await chat(page, customer);
    await chat(page, second);
    await page.goBack();
    await expect(page.getByRole("heading", { level: 2, name: customer.name })).toBeVisible();
    await page.goForward();
    await expect(page.getByRole("heading", { level: 2, name: second.name })).toBeVisible();
  });

  test("a conversation's address can be handed to a colleague", async ({ page, other, customer }) => {
    await chat(page, customer, "Ini alamatnya");
    const colleague = await other("supervisor");
    await open(colleague, new URL(page.url()).pathname);
    await expect(bubble(colleague, "Ini alamatnya")).toBeVisible();
  });
});

test.describe("keyboard", () => {
  test("j and k walk through the list, Enter opens", async ({ page }) => {
    await page.keyboard.press("j");
    await expect(rows(page).nth(0)).toBeFocused();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await expect(rows(page).nth(2)).toBeFocused();
    await page.keyboard.press("k");
    await expect(rows(page).nth(1)).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/inbox\/[0-9a-f-]{36}/);
    await expect(rows(page).nth(1)).toHaveAttribute("aria-current", "true");
    await expect(composer(page)).toBeVisible();
  });

  test("r goes to the answer, Escape leaves it, and letters typed there are letters", async ({ page, customer }) => {
    await chat(page, customer);
    await page.keyboard.press("r");
    await expect(composer(page)).toBeFocused();
    await page.keyboard.type("jkr/?");
    await expect(composer(page)).toHaveValue("jkr/?");
    await page.keyboard.press("Escape");
    await expect(composer(page)).not.toBeFocused();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await page.keyboard.press("Escape");
    await expect(page).toHaveURL("/inbox");
  });

  test("/ goes to the search", async ({ page }) => {
    await page.keyboard.press("/");
    await expect(page.getByRole("searchbox")).toBeFocused();
    await page.keyboard.type("Ratna");
    await expect(rows(page)).toHaveCount(1);
  });

  test("? shows the shortcuts; Escape closes, and the focus returns", async ({ page }) => {
    await page.keyboard.press("j");
    await expect(rows(page).first()).toBeFocused();
    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await expect(sheet).toBeVisible();
    await expect(sheet).toContainText("Next conversation");
    await page.keyboard.press("j");
    await page.keyboard.press("Escape");
    await expect(sheet).toHaveCount(0);
    await expect(rows(page).first()).toBeFocused();
  });

  test("Tab stays inside an opened dialog", async ({ page }) => {
    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await expect(sheet).toBeVisible();
    for (let n = 0; n < 4; n += 1) {
      await page.keyboard.press("Tab");
      const outside = await page.evaluate(() => {
        const active = document.activeElement;
        return active !== document.body && !active?.closest("dialog[open]");
      });
      expect(outside).toBe(false);
    }
  });

  test("Ctrl+K finds a conversation by a few letters", async ({ page, customer }) => {
    await customer.writes("Halo");
    await expect(row(page, customer)).toBeVisible();
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Go to or do…" });
    const field = palette.getByRole("combobox");
    await expect(field).toBeFocused();
    await field.fill(customer.name.slice(-4));
    await expect(palette.getByRole("option").first()).toContainText(customer.name);
    await page.keyboard.press("Enter");
    await expect(palette).toHaveCount(0);
    await expect(page.getByRole("heading", { level: 2, name: customer.name })).toBeVisible();
  });

  test("Ctrl+K goes to pages and does deeds, also from the composer", async ({ page, customer }) => {
    await chat(page, customer);
    await composer(page).focus();
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Go to or do…" });
    await palette.getByRole("combobox").fill("unread");
    await palette.getByRole("option", { name: /Show unread conversations/ }).click();
    await expect(page).toHaveURL("/inbox?unread=1");
    await page.keyboard.press("Control+k");
    await palette.getByRole("combobox").fill("shortcuts");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  });

  test("the arrows choose in the palette; Escape gives the focus back", async ({ page }) => {
    await page.keyboard.press("/");
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Go to or do…" });
    await expect(palette.getByRole("combobox")).toBeFocused();
    await page.keyboard.press("ArrowDown");
    await expect(palette.getByRole("option").nth(1)).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("Escape");
    await expect(palette).toHaveCount(0);
    await expect(page.getByRole("searchbox")).toBeFocused();
  });

  test("the first Tab offers to skip to the content", async ({ page }) => {
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    await expect(skip).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.locator("#content")).toBeFocused();
  });
});

test("the details panel folds away and comes back", async ({ page, customer }) => {
  await chat(page, customer);
  const panel = page.getByRole("complementary", { name: "Details" });
  await expect(panel).toBeVisible();
  await expect(panel).toContainText("Toko Melati");
  await page.getByRole("button", { name: "Details" }).click();
  await expect(panel).toBeHidden();
  await page.getByRole("button", { name: "Details" }).click();
  await expect(panel).toBeVisible();
  await expect(list(page)).toBeVisible();
  await openChat(page, customer);
});
