// The page of labels: making, changing and deleting them, for who may, and what others see of it meanwhile.

import { type Locator, type Page } from "@playwright/test";

import { chat, open, row, rows } from "./support/screens.js";
import { expect, test } from "./support/test.js";

const REFUSED = /Failed to load resource: the server responded with a status of 4\d\d/;

const tile = (page: Page, name: string): Locator =>
  page.getByRole("main").getByRole("listitem").filter({ hasText: name });

async function make(page: Page, name: string, colour?: string): Promise<void> {
  await page.getByRole("button", { name: "New label" }).click();
  const dialog = page.getByRole("dialog", { name: "New label" });
  await dialog.getByLabel("Name").fill(name);
  if (colour) {
    await dialog.getByRole("radio", { name: colour }).check();
  }
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(tile(page, name)).toBeVisible();
}

test.use({ isolated: true });

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page, "supervisor");
  await open(page, "/labels");
});

test("the first label is made, and every open page has it at once", async ({ page, other }) => {
  await expect(page.getByText("No labels yet")).toBeVisible();
  const colleague = await other("owner");
  await open(colleague, "/labels");
  await make(page, "Retur", "Teal");
  await expect(page.getByText("“Retur” can be put on conversations now.")).toBeVisible();
  for (const screen of [page, colleague]) {
    await expect(tile(screen, "Retur")).toContainText("On no conversation");
    await expect(tile(screen, "Retur").getByTitle("Teal")).toBeVisible();
  }
  await page.reload();
  await expect(tile(page, "Retur")).toContainText("On no conversation");
});

test("the form says at the field what is wrong", async ({ page, quiet }) => {
  quiet.allow(REFUSED);
  await make(page, "Retur");
  await page.getByRole("button", { name: "New label" }).click();
  const dialog = page.getByRole("dialog", { name: "New label" });
  await dialog.getByRole("button", { name: "Save" }).click();
  const name = dialog.getByLabel("Name");
  await expect(name).toHaveAccessibleDescription("Please fill this in.");
  await name.fill("x".repeat(41));
  await expect(name).toHaveAccessibleDescription("At most 40 characters.");
  await name.fill("RETUR");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(name).toHaveAccessibleDescription("Already in use.");
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await name.fill("Retur 2");
  await expect(name).not.toHaveAttribute("aria-invalid");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(tile(page, "Retur 2")).toBeVisible();
});

test("a label is counted, renamed, given another colour and deleted, and conversations follow", async ({
  page,
  other,
  customer,
}) => {
  await make(page, "Retur", "Red");
  const agent = await other("agent");
  await open(agent, "/inbox");
  await chat(agent, customer, "Saya mau retur");
  const chip = agent.getByRole("complementary", { name: "Details" }).getByRole("button", { name: "Retur" });
  await chip.click();
  await expect(row(agent, customer)).toContainText("Retur");
  await expect(tile(page, "Retur")).toContainText("One conversation · 1 open");
  await agent.getByRole("button", { name: "Resolve" }).click();
  await expect(tile(page, "Retur")).toContainText("One conversation · 0 open");

  await page.getByRole("button", { name: "Change label Retur" }).click();
  const dialog = page.getByRole("dialog", { name: "Change label" });
  await expect(dialog.getByRole("radio", { name: "Red" })).toBeChecked();
  await dialog.getByLabel("Name").fill("Pengembalian");
  await dialog.getByRole("radio", { name: "Blue" }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(tile(page, "Pengembalian").getByTitle("Blue")).toBeVisible();
  await expect(chip).toHaveCount(0);
  await agent.getByRole("combobox", { name: "State" }).selectOption({ label: "Resolved" });
  await expect(row(agent, customer)).toContainText("Pengembalian");

  await page.getByRole("button", { name: "Delete label Pengembalian" }).click();
  const sure = page.getByRole("dialog", { name: "Delete label" });
  await expect(sure).toContainText("One conversation loses it.");
  await sure.getByRole("button", { name: "Cancel" }).click();
  await expect(sure).toHaveCount(0);
  await page.getByRole("button", { name: "Delete label Pengembalian" }).click();
  await sure.getByRole("button", { name: "Delete label" }).click();
  await expect(page.getByText("No labels yet")).toBeVisible();
  await expect(page.getByRole("button", { name: "New label" })).toBeFocused();
  await expect(row(agent, customer)).toBeVisible();
  await expect(row(agent, customer)).not.toContainText("Pengembalian");
});

test("its conversations are one click away, whatever is done about them", async ({ page, other, customer }) => {
  await make(page, "Retur");
  const agent = await other("agent");
  await open(agent, "/inbox");
  await chat(agent, customer, "Saya mau retur");
  await agent.getByRole("complementary", { name: "Details" }).getByRole("button", { name: "Retur" }).click();
  await expect(row(agent, customer)).toContainText("Retur");
  await agent.getByRole("button", { name: "Resolve" }).click();
  await tile(page, "Retur").getByRole("link").click();
  await expect(rows(page)).toHaveCount(1);
  await expect(row(page, customer)).toContainText("Retur");
});

test("what is being typed survives a colleague's change", async ({ page, other }) => {
  await make(page, "Retur");
  const colleague = await other("owner");
  await open(colleague, "/labels");
  await page.getByRole("button", { name: "Change label Retur" }).click();
  const name = page.getByRole("dialog", { name: "Change label" }).getByLabel("Name");
  await name.fill("Retur lama");
  await colleague.getByRole("button", { name: "Change label Retur" }).click();
  const theirs = colleague.getByRole("dialog", { name: "Change label" });
  await theirs.getByRole("radio", { name: "Pink" }).check();
  await theirs.getByRole("button", { name: "Save" }).click();
  await expect(page.getByTitle("Pink").first()).toBeAttached();
  await expect(name).toHaveValue("Retur lama");
});

test("all of it is done by keyboard, and the focus comes back", async ({ page }) => {
  const add = page.getByRole("button", { name: "New label" });
  await add.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "New label" });
  await expect(dialog.getByLabel("Name")).toBeFocused();
  await page.keyboard.type("Tagihan");
  await page.keyboard.press("Tab");
  await expect(dialog.getByRole("radio", { name: "Red" })).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(dialog.getByRole("radio", { name: "Orange" })).toBeChecked();
  await page.keyboard.press("Enter");
  await expect(tile(page, "Tagihan").getByTitle("Orange")).toBeVisible();
  await expect(add).toBeFocused();
  const change = page.getByRole("button", { name: "Change label Tagihan" });
  await change.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Change label" }).getByLabel("Name")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(change).toBeFocused();
});

test("who may not manage labels has no such page, and who may finds it in the palette", async ({ page, other, quiet }) => {
  quiet.allow(REFUSED);
  const agent = await other("agent");
  await open(agent, "/labels");
  await expect(agent.getByText("There is no such page")).toBeVisible();
  await expect(agent.getByRole("link", { name: "Labels" })).toHaveCount(0);

  await open(page, "/inbox");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("labels");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Labels" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Labels" })).toHaveAttribute("aria-current", "page");
});
