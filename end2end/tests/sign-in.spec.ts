// Who are you? Works before the program has started, and without it.

import type { Page } from "@playwright/test";

import { open, preferences, ready, rows } from "./support/screens.js";
import { PASSWORD, emailOf } from "./support/server.js";
import { expect, test } from "./support/test.js";

async function fillIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The browser itself reports what is not answered with success. */
const REFUSED = /Failed to load resource: the server responded with a status of 401/;

test("a wrong password is answered in words, and the e-mail stays", async ({ page, quiet }) => {
  quiet.allow(REFUSED);
  await open(page, "/sign-in");
  await fillIn(page, emailOf("agent"), "not-the-password");
  await expect(page.getByRole("alert")).toHaveText(
    "E-mail or password is wrong. Check both, or ask an admin for a new password.",
  );
  await expect(page.getByLabel("E-mail")).toHaveValue(emailOf("agent"));
  await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");
  await expect(page).toHaveTitle(/Sign in/);
});

test("an unknown e-mail gets the same words as a wrong password", async ({ page, quiet }) => {
  quiet.allow(REFUSED);
  await open(page, "/sign-in");
  await fillIn(page, "nobody@demo.test", PASSWORD);
  await expect(page.getByRole("alert")).toHaveText(/E-mail or password is wrong/);
});

test("the right password leads to the inbox", async ({ page }) => {
  await open(page, "/sign-in");
  await fillIn(page, emailOf("agent"), PASSWORD);
  await expect(page).toHaveURL("/inbox");
  await expect(rows(page).first()).toBeVisible();
});

test("who wanted another page goes there after signing in", async ({ page }) => {
  await open(page, "/contacts?q=Ana");
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await fillIn(page, emailOf("agent"), PASSWORD);
  await expect(page).toHaveURL("/contacts?q=Ana");
  await expect(page.getByRole("heading", { level: 1, name: "Contacts" })).toBeVisible();
});

test("a wrong password does not forget where one wanted to go", async ({ page, quiet }) => {
  quiet.allow(REFUSED);
  await open(page, "/sign-in?next=/contacts");
  await fillIn(page, emailOf("agent"), "not-the-password");
  await expect(page.getByRole("alert")).toBeVisible();
  await fillIn(page, emailOf("agent"), PASSWORD);
  await expect(page).toHaveURL("/contacts");
});

test("nobody is sent to another site after signing in", async ({ page, server }) => {
  await open(page, `/sign-in?next=${encodeURIComponent("//example.org/")}`);
  await fillIn(page, emailOf("agent"), PASSWORD);
  await expect(page).toHaveURL(`${server.url}/inbox`);
});

test("the password can be looked at while it is typed", async ({ page }) => {
  await open(page, "/sign-in");
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("secret words");
  await expect(password).toHaveAttribute("type", "password");
  await page.getByRole("button", { name: "Show what is typed" }).click();
  await expect(password).toHaveAttribute("type", "text");
  await expect(password).toHaveValue("secret words");
  await page.getByRole("button", { name: "Hide what is typed" }).click();
  await expect(password).toHaveAttribute("type", "password");
});

test("signing out ends the session here and in the other tab", async ({ browser, server, quiet }) => {
  const context = await browser.newContext({ baseURL: server.url });
  quiet.listen(context);
  const page = await context.newPage();
  await open(page, "/sign-in");
  await fillIn(page, emailOf("agent"), PASSWORD);
  await expect(rows(page).first()).toBeVisible();
  await ready(page);
  const tab = await context.newPage();
  await open(tab, "/contacts");

  const popover = await preferences(page);
  await expect(popover).toContainText(emailOf("agent"));
  await popover.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/sign-in");
  await expect(tab).toHaveURL(/\/sign-in/);
  await page.goto("/inbox");
  await expect(page).toHaveURL(/\/sign-in/);
  await context.close();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("signing in works, and the inbox can be read", async ({ page, quiet }) => {
    quiet.allow(REFUSED);
    await page.goto("/sign-in?next=/inbox");
    await fillIn(page, emailOf("agent"), "not-the-password");
    await expect(page.getByRole("alert")).toBeVisible();
    await fillIn(page, emailOf("agent"), PASSWORD);
    await expect(page).toHaveURL("/inbox");
    const first = rows(page).first();
    await expect(first).toBeVisible();
    await first.click();
    await expect(page).toHaveURL(/\/inbox\/[0-9a-f-]{36}$/);
    await expect(page.getByRole("article").first()).toBeVisible();
    await expect(page.getByRole("heading", { level: 2 }).first()).toBeVisible();
  });
});
