// Taking data away: a conversation as a file, or for good; all that is known of a contact, and erasing it.

import { readFile } from "node:fs/promises";

import { type Locator, type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { bubble, chat, composer, open, openChat, row, rows, thread } from "./support/screens.js";
import { expect, test } from "./support/test.js";

const details = (page: Page): Locator => page.getByRole("complementary", { name: "Details" });
const tiles = (page: Page): Locator => page.getByRole("main").getByRole("listitem");

test.use({ isolated: true });

test("a conversation is taken away in three forms", async ({ page, signIn, customer }) => {
  await signIn(page, "supervisor");
  await open(page, "/inbox");
  await chat(page, customer, "Apakah <b>ini</b> masih ada?");
  const dialog = page.getByRole("dialog", { name: "Export conversation" });
  const take = async (form: RegExp): Promise<{ name: string; bytes: Buffer }> => {
    await details(page).getByRole("button", { name: "Export conversation" }).click();
    await dialog.getByRole("radio", { name: form }).check();
    const download = page.waitForEvent("download");
    await dialog.getByRole("link", { name: "Download" }).click();
    const file = await download;
    await expect(dialog).toBeHidden();
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  };
  await details(page).getByRole("button", { name: "Export conversation" }).click();
  await expect(dialog.getByRole("radio", { name: /WhatsApp's format/ })).toBeChecked();
  expect(await violations(page)).toEqual([]);
  expect(await seenInTheDark(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();

  const archive = await take(/WhatsApp's format/);
  expect(archive.name).toBe(`WhatsApp Chat - ${customer.name}.zip`);
  expect(archive.bytes.subarray(0, 2).toString()).toBe("PK");
  const readable = await take(/Page/);
  expect(readable.name).toBe(`WhatsApp Chat - ${customer.name}.html`);
  expect(readable.bytes.toString()).toContain("Apakah &lt;b&gt;ini&lt;/b&gt; masih ada?");
  const data = await take(/Data/);
  const json = JSON.parse(data.bytes.toString()) as { format: string; messages: { content: { text: string } }[] };
  expect(json.format).toBe("balas.conversation");
  expect(json.messages.map((message) => message.content.text)).toEqual(["Apakah <b>ini</b> masih ada?"]);
});

test("a cleared conversation is empty at once on every open page, and goes on", async ({ page, other, signIn, customer }) => {
  await signIn(page, "supervisor");
  await open(page, "/inbox");
  await chat(page, customer, "Nomor kartu saya 1234");
  const agent = await other("agent");
  await open(agent, "/inbox");
  await openChat(agent, customer);
  await expect(bubble(agent, "Nomor kartu saya 1234")).toBeVisible();
  await expect(details(agent).getByRole("button", { name: "Clear conversation" })).toHaveCount(0);
  await expect(details(agent).getByRole("button", { name: "Export conversation" })).toHaveCount(0);

  await details(page).getByRole("button", { name: "Clear conversation" }).click();
  const sure = page.getByRole("dialog", { name: "Clear this conversation?" });
  await expect(sure).toContainText(customer.name);
  expect(await violations(page)).toEqual([]);
  await sure.getByRole("button", { name: "Cancel" }).click();
  await expect(bubble(page, "Nomor kartu saya 1234")).toBeVisible();
  await details(page).getByRole("button", { name: "Clear conversation" }).click();
  await sure.getByRole("button", { name: "Clear for everyone here" }).click();
  await expect(sure).toBeHidden();
  for (const screen of [page, agent]) {
    await expect(thread(screen).getByRole("article")).toHaveCount(0);
    await expect(row(screen, customer)).not.toContainText("Nomor kartu");
    await expect(composer(screen)).toBeVisible();
  }
  await customer.writes("Halo lagi");
  for (const screen of [page, agent]) {
    await expect(bubble(screen, "Halo lagi")).toBeVisible();
    await expect(thread(screen).getByRole("article")).toHaveCount(1);
  }
  await page.reload();
  await expect(thread(page).getByRole("article")).toHaveCount(1);
});

test("an admin gives a contact its data and erases it, and nobody else can", async ({
  page,
  other,
  server,
  signIn,
  customer,
  quiet,
}) => {
  // Who has the conversation open asks for it once more.
  quiet.allow(/status of 404/);
  await signIn(page, "owner");
  await open(page, "/inbox");
  await chat(page, customer, "Data saya, tolong");
  const friend = server.customer();
  await friend.writes("Saya tetap");
  await expect(row(page, friend)).toBeVisible();
  const supervisor = await other("supervisor");
  await open(supervisor, "/inbox");
  await openChat(supervisor, customer);

  await open(page, "/contacts");
  const menu = page.getByRole("button", { name: `More for ${customer.name}` });
  await menu.click();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export all data" }).click();
  const bytes = await readFile(await (await download).path());
  expect(bytes.subarray(0, 2).toString()).toBe("PK");
  expect(bytes.toString("latin1")).toContain("contact.json");

  await menu.click();
  await page.getByRole("button", { name: "Erase contact" }).click();
  const dialog = page.getByRole("dialog", { name: "Erase contact" });
  const confirm = dialog.getByRole("button", { name: "Erase for good" });
  await expect(confirm).toBeDisabled();
  expect(await violations(page)).toEqual([]);
  expect(await seenInTheDark(page)).toEqual([]);
  await dialog.getByRole("textbox").fill(customer.name);
  await confirm.click();
  await expect(dialog).toBeHidden();
  await expect(tiles(page).filter({ hasText: customer.name })).toHaveCount(0);
  await expect(tiles(page).filter({ hasText: friend.name })).toHaveCount(1);
  await expect(rows(supervisor).filter({ hasText: customer.name })).toHaveCount(0);
  await expect(bubble(supervisor, "Data saya, tolong")).toHaveCount(0);

  await open(supervisor, "/contacts");
  await expect(tiles(supervisor).filter({ hasText: friend.name })).toHaveCount(1);
  await expect(supervisor.getByRole("button", { name: `More for ${friend.name}` })).toHaveCount(0);

  await customer.writes("Halo, saya baru");
  await open(page, "/inbox");
  await openChat(page, customer);
  await expect(thread(page).getByRole("article")).toHaveCount(1);
});
