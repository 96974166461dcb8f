// Colleagues: adding them, what they may do, and sending them away.

import { type Locator, type Page } from "@playwright/test";

import { open, rows } from "./support/screens.js";
import { NAMES } from "./support/server.js";
import { expect, test } from "./support/test.js";

const REFUSED = /Failed to load resource: the server responded with a status of (4|5)\d\d/;
const FIRST_PASSWORD = "first-password-1";

const tile = (page: Page, name: string): Locator =>
  page.getByRole("main").getByRole("listitem").filter({ hasText: name });

async function add(page: Page, name: string, email: string, role?: string): Promise<void> {
  await page.getByRole("button", { name: "Add a member" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a member" });
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("E-mail").fill(email);
  if (role) {
    await dialog.getByLabel("Role").selectOption(role);
  }
  await dialog.getByLabel("First password", { exact: true }).fill(FIRST_PASSWORD);
  await dialog.getByRole("button", { name: "Add a member" }).click();
}

test.use({ isolated: true });

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page, "owner");
  await open(page, "/members");
});

test("a new member is listed and can sign in", async ({ page, browser, server, quiet }) => {
  await add(page, "Tono Baru", "tono@demo.test");
  await expect(page.getByText("Tono Baru can sign in now.")).toBeVisible();
  await expect(tile(page, "Tono Baru")).toContainText("tono@demo.test");
  const context = await browser.newContext({ baseURL: server.url });
  quiet.listen(context);
  const fresh = await context.newPage();
  await open(fresh, "/sign-in");
  await fresh.getByLabel("E-mail").fill("tono@demo.test");
  await fresh.getByLabel("Password", { exact: true }).fill(FIRST_PASSWORD);
  await fresh.getByRole("button", { name: "Sign in" }).click();
  await expect(rows(fresh).first()).toBeVisible();
  await context.close();
});

test("the form says what has to be corrected, and an e-mail in use at its field", async ({ page, quiet }) => {
  quiet.allow(REFUSED);
  await page.getByRole("button", { name: "Add a member" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a member" });
  await dialog.getByRole("button", { name: "Add a member" }).click();
  await expect(dialog.getByText("Please fill this in.")).toHaveCount(3);
  await dialog.getByLabel("Name").fill("Rani Kedua");
  await dialog.getByLabel("E-mail").fill("rani");
  await expect(dialog.getByText("An e-mail address, such as ana@example.org.")).toBeVisible();
  await dialog.getByLabel("First password", { exact: true }).fill("short");
  await expect(dialog.getByText("At least 10 characters.", { exact: true })).toBeVisible();
  await dialog.getByRole("button", { name: "Make one" }).click();
  await expect(dialog.getByLabel("First password", { exact: true })).toHaveValue(/^[a-z0-9]{16}$/);
  await dialog.getByLabel("E-mail").fill("AGENT@demo.test");
  await dialog.getByRole("button", { name: "Add a member" }).click();
  await expect(dialog.getByText("Already in use.")).toBeVisible();
  await expect(dialog.getByLabel("E-mail")).toHaveAttribute("aria-invalid", "true");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Add a member" })).toBeFocused();
});

test("another role changes what a member may do", async ({ page, other }) => {
  await expect(tile(page, NAMES.agent)).toBeVisible();
  await tile(page, NAMES.agent).getByLabel("Role").selectOption("Admin");
  await expect(page.getByText("Saved")).toBeVisible();
  const agent = await other("agent");
  await open(agent, "/accounts");
  await expect(agent.getByRole("link", { name: "Connect a number" }).first()).toBeVisible();
});

test("a deactivated member is signed out everywhere at once, and cannot sign in", async ({ page, other, quiet }) => {
  quiet.allow(REFUSED);
  const desk = await other("agent");
  const phone = await other("agent");
  await open(desk, "/inbox");
  await open(phone, "/contacts");
  await tile(page, NAMES.agent).getByRole("button", { name: "Deactivate" }).click();
  const dialog = page.getByRole("dialog", { name: "Deactivate" });
  await expect(dialog).toContainText(`${NAMES.agent} is signed out everywhere`);
  await dialog.getByRole("button", { name: "Deactivate" }).click();
  await expect(desk).toHaveURL(/\/sign-in/);
  await expect(phone).toHaveURL(/\/sign-in/);
  await expect(tile(page, NAMES.agent)).toContainText("Deactivated");

  await desk.getByLabel("E-mail").fill("agent@demo.test");
  await desk.getByLabel("Password", { exact: true }).fill("balas-demo");
  await desk.getByRole("button", { name: "Sign in" }).click();
  await expect(desk.getByRole("alert")).toBeVisible();

  await tile(page, NAMES.agent).getByRole("button", { name: "Activate" }).click();
  await expect(tile(page, NAMES.agent)).not.toContainText("Deactivated");
  await desk.getByLabel("E-mail").fill("agent@demo.test");
  await desk.getByLabel("Password", { exact: true }).fill("balas-demo");
  await desk.getByRole("button", { name: "Sign in" }).click();
  await expect(rows(desk).first()).toBeVisible();
});

test("nobody can change or deactivate himself", async ({ page }) => {
  const own = tile(page, `${NAMES.owner} (you)`);
  await expect(own).toContainText("Owner");
  await expect(own.getByRole("button")).toHaveCount(0);
  await expect(own.getByRole("combobox")).toHaveCount(0);
});

test("an agent sees colleagues but nothing to change them", async ({ other }) => {
  const agent = await other("agent");
  await open(agent, "/members");
  await expect(tile(agent, NAMES.owner)).toBeVisible();
  await expect(agent.getByRole("button", { name: "Add a member" })).toHaveCount(0);
  await expect(agent.getByRole("main").getByRole("combobox")).toHaveCount(0);
  await expect(agent.getByRole("main").getByRole("button")).toHaveCount(0);
});
