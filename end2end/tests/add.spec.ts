// What one sends beside words and files: a place, contact cards, a poll.

import { readFile } from "node:fs/promises";

import { type Locator, type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { bubble, chat, composer, open, row, status, thread } from "./support/screens.js";
import { expect, test } from "./support/test.js";

async function add(page: Page, what: string): Promise<Locator> {
  await page.getByRole("button", { name: "Attach", exact: true }).click();
  await page.getByRole("group", { name: "Attach" }).getByRole("button", { name: what }).click();
  const dialog = page.getByRole("dialog").filter({ visible: true });
  await expect(dialog).toBeVisible();
  return dialog;
}

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
});

test("Escape closes the menu and not the conversation", async ({ page, customer }) => {
  await chat(page, customer, "Halo");
  const button = page.getByRole("button", { name: "Attach", exact: true });
  await button.click();
  const menu = page.getByRole("group", { name: "Attach" });
  await expect(menu).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  await expect(button).toBeFocused();
  await expect(composer(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(composer(page)).toBeHidden();
});

test("a place is sent from a map's link", async ({ page, server, customer }) => {
  await chat(page, customer, "Tokonya di mana?");
  const dialog = await add(page, "Location");
  const where = dialog.getByRole("textbox", { name: "Map link or coordinates" });
  await expect(where).toBeFocused();
  await where.fill("https://maps.app.goo.gl/abc");
  await expect(dialog.getByText(/There are no coordinates in it/)).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();
  await where.fill("https://www.google.com/maps/place/Monas/@-6.17,106.82,17z/data=!8m2!3d-6.1754!4d106.8272");
  await expect(dialog.getByRole("link", { name: /map/i })).toHaveAttribute("href", /mlat=-6\.17540&mlon=106\.82720/);
  await dialog.getByRole("textbox", { name: /^Name/ }).fill("Toko Monas");
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(dialog).toBeHidden();
  const message = bubble(page, "Toko Monas");
  await status(message, "sent", "delivered", "read");
  await expect(row(page, customer)).toContainText("Toko Monas");
  const sent = (await server.sandbox.sent(customer.number)).filter((message) => message.type === "location");
  expect(sent).toHaveLength(1);
  await expect(composer(page)).toBeVisible();
});

test("contact cards are found by name or typed", async ({ page, server, customer }) => {
  const other = server.customer();
  await other.writes("Halo");
  await chat(page, customer, "Siapa yang mengantar?");
  const dialog = await add(page, "Contact");
  const search = dialog.getByRole("searchbox", { name: "Search contacts" });
  await expect(search).toBeFocused();
  await search.fill("nobody is called that");
  await expect(dialog.getByText("No contact with a number is called that.")).toBeVisible();
  await search.fill(other.name);
  await dialog.getByRole("button", { name: new RegExp(other.name) }).click();
  await expect(dialog.getByRole("list", { name: "Contacts to send" }).getByRole("listitem")).toHaveCount(1);
  await expect(search).toBeFocused();
  await dialog.getByText("Somebody else").click();
  await dialog.getByRole("textbox", { name: "Name" }).fill("Kurir Joko");
  const phone = dialog.getByRole("textbox", { name: "Number with country code" });
  await phone.fill("tidak tahu");
  await phone.blur();
  await expect(dialog.getByText(/^Begin with \+/)).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Add" })).toBeDisabled();
  await phone.fill("+62 812 3456 7890");
  await dialog.getByRole("button", { name: "Add" }).click();
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Send" }).click();
  // A number of the Cloud API takes both in one message.
  const message = bubble(page, "Kurir Joko");
  await expect(message).toContainText(other.name);
  await status(message, "sent", "delivered", "read");
  const sent = (await server.sandbox.sent(customer.number)).filter((message) => message.type === "contacts");
  expect(sent).toHaveLength(1);
  // Whoever has the card can call, and put it into an address book.
  await expect(message.locator('a[href="tel:+6281234567890"]')).toBeVisible();
  const save = message.getByRole("link", { name: "Save Kurir Joko" });
  const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
  expect(download.suggestedFilename()).toBe("Kurir Joko.vcf");
  expect(await readFile(await download.path(), "utf8")).toMatch(
    /^BEGIN:VCARD\r\nVERSION:3\.0\r\nN:;Kurir Joko;;;\r\nFN:Kurir Joko\r\nTEL:\+62[ 0-9]+\r\nEND:VCARD\r\n$/,
  );
  expect(await violations(page)).toEqual([]);
});

test("a poll goes as text where there are none, and stays a poll here", async ({ page, server, customer }) => {
  await chat(page, customer, "Kapan bisa diantar?");
  const dialog = await add(page, "Poll");
  await expect(dialog.getByText(/This number has no polls/)).toBeVisible();
  await dialog.getByRole("textbox", { name: "Question" }).fill("Hari apa?");
  await dialog.getByRole("textbox", { name: "Answer 1" }).fill("Sabtu");
  await dialog.getByRole("textbox", { name: "Answer 2" }).fill("Sabtu");
  await expect(dialog.getByText("Two answers are the same. Change one of them.")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();
  await dialog.getByRole("textbox", { name: "Answer 2" }).fill("Minggu");
  // Another one is always at hand.
  await expect(dialog.getByRole("textbox", { name: "Answer 3" })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("textbox", { name: "Answer 3" }).press("Enter");
  await expect(dialog).toBeHidden();
  const message = bubble(page, "Hari apa?");
  await expect(message.getByRole("listitem")).toHaveText([/^Sabtu/, /^Minggu/]);
  // What customers answer to a text are messages.
  await expect(message).toContainText("This number has no polls");
  await expect(message).not.toContainText("No votes yet");
  await status(message, "sent", "delivered", "read");
  await expect
    .poll(async () => (await server.sandbox.sent(customer.number)).map((message) => message.text))
    .toEqual(["Hari apa?\n1. Sabtu\n2. Minggu"]);
  await page.reload();
  await expect(thread(page).getByRole("article").filter({ hasText: "Hari apa?" }).getByRole("listitem")).toHaveCount(2);
  expect(await seenInTheDark(page)).toEqual([]);
});
