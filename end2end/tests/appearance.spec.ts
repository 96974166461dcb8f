// Languages, colours, and the page on a phone.

import { devices } from "@playwright/test";

import { bubble, chat, composer, list, open, openChat, preferences, row, rows, thread } from "./support/screens.js";
import { expect, test } from "./support/test.js";

test.describe("languages", () => {
  test("the chosen one is kept, also for the next page and after signing out", async ({ page, signIn }) => {
    await signIn(page);
    await open(page, "/inbox");
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await (await preferences(page)).getByRole("combobox").selectOption("Bahasa Indonesia");
    await expect(page.locator("html")).toHaveAttribute("lang", "id");
    await expect(page.getByRole("heading", { level: 1, name: "Kotak masuk" })).toBeVisible();
    await page.reload();
    await expect(page.locator("html")).toHaveAttribute("lang", "id");
    await (await preferences(page)).getByRole("combobox").selectOption("Português (Brasil)");
    await expect(page.locator("html")).toHaveAttribute("lang", "pt-BR");
    await expect(page.locator("html")).toHaveAttribute("data-hydrated", "");
    await expect(page.getByRole("heading", { level: 1, name: "Caixa de entrada" })).toBeVisible();
    await (await preferences(page)).getByRole("combobox").selectOption("English");
    await expect(page.getByRole("heading", { level: 1, name: "Inbox" })).toBeVisible();
  });

  test("the sign-in page can be switched too", async ({ page }) => {
    await open(page, "/sign-in");
    await page.getByRole("button", { name: "Português (Brasil)" }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", "pt-BR");
    await expect(page.getByRole("button", { name: "Entrar" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Português (Brasil)" })).toHaveAttribute("aria-pressed", "true");
  });

  for (const [locale, word] of [
    ["id-ID", "Masuk"],
    ["pt-BR", "Entrar"],
    ["de-DE", "Sign in"],
  ] as const) {
    test.describe(`a browser that asks for ${locale}`, () => {
      test.use({ locale });
      test("gets the best language there is", async ({ page }) => {
        await open(page, "/sign-in");
        await expect(page.getByRole("button", { name: word, exact: true })).toBeVisible();
      });
    });
  }
});

test.describe("colours", () => {
  const background = (): string => getComputedStyle(document.documentElement).backgroundColor;

  test("follow the system until one is chosen, and are then kept", async ({ page, signIn }) => {
    await signIn(page);
    await page.emulateMedia({ colorScheme: "light" });
    await open(page, "/inbox");
    const light = await page.evaluate(background);
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(() => page.evaluate(background)).not.toBe(light);
    const dark = await page.evaluate(background);
    await (await preferences(page)).getByRole("button", { name: "Light" }).click();
    await expect.poll(() => page.evaluate(background)).toBe(light);
    await page.reload();
    await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
    expect(await page.evaluate(background)).toBe(light);
    await page.emulateMedia({ colorScheme: "light" });
    await (await preferences(page)).getByRole("button", { name: "Dark" }).click();
    await expect.poll(() => page.evaluate(background)).toBe(dark);
    await page.locator("#preferences").getByRole("button", { name: "System" }).click();
    await expect.poll(() => page.evaluate(background)).toBe(light);
  });

  test("the choice is there before the first paint, without a flash", async ({ page, server, signIn }) => {
    await signIn(page);
    await page.context().addCookies([{ name: "theme", value: "dark", url: server.url }]);
    const answer = await page.goto("/inbox");
    expect(await answer?.text()).toMatch(/^<!DOCTYPE html><html lang="en" data-theme="dark">/);
  });
});

test.describe("on a phone", () => {
  const { defaultBrowserType: _, ...phone } = devices["iPhone 13"];
  test.use({ ...phone, viewport: { width: 390, height: 844 } });

  test.beforeEach(async ({ page, signIn }) => {
    await signIn(page);
  });

  test("list or conversation fills the screen, and one gets back", async ({ page, customer }) => {
    await open(page, "/inbox");
    await expect(list(page)).toBeVisible();
    await expect(page.getByText("Choose a conversation")).toBeHidden();
    await customer.writes("Dari telepon");
    await row(page, customer).tap();
    await expect(bubble(page, "Dari telepon")).toBeVisible();
    await expect(list(page)).toBeHidden();
    await page.getByRole("link", { name: "Back" }).tap();
    await expect(list(page)).toBeVisible();
    await expect(thread(page)).toHaveCount(0);
    await page.goBack();
    await expect(bubble(page, "Dari telepon")).toBeVisible();
  });

  test("Enter is a new line; the button sends", async ({ page, customer }) => {
    await open(page, "/inbox");
    await customer.writes("Halo");
    await openChat(page, customer);
    await composer(page).pressSequentially("Satu");
    await composer(page).press("Enter");
    await composer(page).pressSequentially("Dua");
    await expect(composer(page)).toHaveValue("Satu\nDua");
    await page.getByRole("button", { name: "Send", exact: true }).tap();
    await expect.poll(() => customer.texts()).toEqual(["Satu\nDua"]);
  });

  test("the details lie over the conversation and close again", async ({ page, customer }) => {
    await open(page, "/inbox");
    await chat(page, customer);
    const panel = page.getByRole("complementary", { name: "Details" });
    await expect(panel).toBeHidden();
    await page.getByRole("button", { name: "Details" }).tap();
    await expect(panel).toBeVisible();
    await panel.getByRole("button", { name: "Close" }).tap();
    await expect(panel).toBeHidden();
  });

  test("every page is reached from the bar at the bottom", async ({ page }) => {
    await open(page, "/inbox");
    const bar = page.getByRole("navigation", { name: "Main" });
    for (const [name, heading] of [
      ["Contacts", "Contacts"],
      ["Numbers", "Numbers"],
      ["Members", "Members"],
      ["Inbox", "Inbox"],
    ] as const) {
      await bar.getByRole("link", { name, exact: true }).tap();
      await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
    }
  });

  const everywhere = ["/inbox", "a conversation", "/contacts", "/accounts", "/members", "/labels", "/sign-in"];

  for (const name of everywhere) {
    test(`${name} has no sideways scroll and targets that a finger hits`, async ({ page, context, signIn }) => {
      if (name === "/sign-in") {
        await context.clearCookies();
      }
      if (name === "/labels") {
        await signIn(page, "supervisor");
      }
      await open(page, name.startsWith("/") ? name : "/inbox");
      if (name === "a conversation") {
        await rows(page).first().tap();
        await expect(composer(page)).toBeVisible();
      }
      const sideways = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(sideways).toBe(0);
      // Links in running text and the like are excepted, as in WCAG 2.5.5; what one works with is not.
      const small = await page.evaluate(() => {
        const controls = "a[href].rail-link, a.row, a.tile, a.icon-button, button, input, textarea, select";
        return [...document.querySelectorAll<HTMLElement>(controls)]
          .filter((element) => element.checkVisibility({ visibilityProperty: true }))
          .map((element) => {
            const box = element.getBoundingClientRect();
            const label = element.closest("label")?.getBoundingClientRect();
            // What enlarges the target without being seen.
            const halo = getComputedStyle(element, "::after");
            const extra = halo.content !== "none" && halo.position === "absolute" ? 2 * -parseFloat(halo.top || "0") : 0;
            const name = element.getAttribute("aria-label") ?? element.textContent?.trim() ?? element.id;
            const width = Math.max(box.width + Math.max(extra, 0), label?.width ?? 0);
            const height = Math.max(box.height + Math.max(extra, 0), label?.height ?? 0);
            return { name, width: Math.round(width), height: Math.round(height), seen: box.width > 0 };
          })
          .filter(({ seen, width, height }) => seen && (width < 44 || height < 44))
          .map(({ name, width, height }) => `${name}: ${width}×${height}`);
      });
      expect(small).toEqual([]);
    });
  }
});
