// What an agent does with a message: reacts, changes it, takes it back; and emoji in what he writes.

import { type Locator, type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { linkGateway } from "./support/gateway.js";
import { answer, bubble, chat, composer, open, openChat, status } from "./support/screens.js";
import { expect, test } from "./support/test.js";

const PHONE = "+62 811 2222 333";

const menu = (page: Page): Locator => page.getByRole("group", { name: "More for this message" });

async function openMenu(page: Page, text: string): Promise<void> {
  await bubble(page, text).hover();
  await bubble(page, text).getByRole("button", { name: "More for this message" }).click();
  await expect(menu(page)).toBeVisible();
}

test.describe("a number of the Cloud API", () => {
  test.beforeEach(async ({ page, signIn }) => {
    await signIn(page);
    await open(page, "/inbox");
  });

  test("a reaction is given with one tap, changed by name, and taken away", async ({ page, server, customer }) => {
    await chat(page, customer, "Sudah saya transfer");
    const message = bubble(page, "Sudah saya transfer");
    await openMenu(page, "Sudah saya transfer");
    await expect(menu(page).getByRole("button", { name: "Change", exact: true })).toHaveCount(0);
    await menu(page).getByRole("button", { name: "React with 👍" }).click();
    await expect(menu(page)).toBeHidden();
    await expect(message.getByRole("button", { name: /reacted 👍/ })).toBeVisible();

    await openMenu(page, "Sudah saya transfer");
    await expect(menu(page).getByRole("button", { name: "Take 👍 away" })).toHaveAttribute("aria-pressed", "true");
    await menu(page).getByRole("button", { name: "Another emoji" }).click();
    const search = page.getByRole("searchbox", { name: "Search emoji" });
    await expect(search).toBeFocused();
    await search.fill("party pop");
    await search.press("ArrowDown");
    await expect(page.getByRole("button", { name: "party popper" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(message.getByRole("button", { name: /reacted 🎉/ })).toBeVisible();
    await expect(message.getByRole("button", { name: /reacted/ })).toHaveCount(1);

    await openMenu(page, "Sudah saya transfer");
    await menu(page).getByRole("button", { name: "Take 🎉 away" }).click();
    await expect(message.getByRole("button", { name: /reacted/ })).toHaveCount(0);
    const reactions = async () =>
      (await server.sandbox.sent(customer.number)).filter((sent) => sent.type === "reaction").map((sent) => sent.text ?? "");
    await expect.poll(reactions).toEqual(["👍", "🎉", ""]);
  });

  test("one press beside the message reacts, by pointer and by keyboard", async ({ page, customer }) => {
    await chat(page, customer, "Terima kasih!");
    const message = bubble(page, "Terima kasih!");
    const quick = message.getByRole("toolbar", { name: "React" });
    await message.hover();
    await expect(quick).toHaveCSS("opacity", "1");
    expect(await violations(page)).toEqual([]);
    expect(await seenInTheDark(page)).toEqual([]);
    await quick.getByRole("button", { name: "React with 🙏" }).click();
    await expect(message.getByRole("button", { name: /reacted 🙏/ })).toBeVisible();
    await composer(page).hover();
    await expect(quick).toHaveCSS("opacity", "0");

    await message.getByRole("button", { name: "Reply" }).focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await expect(quick.getByRole("button", { name: "React with 👍" })).toBeFocused();
    await page.keyboard.press("ArrowRight");
    await expect(quick.getByRole("button", { name: "React with ❤️" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(message.getByRole("button", { name: /reacted ❤️/ })).toBeVisible();
    await expect(message.getByRole("button", { name: /reacted/ })).toHaveCount(1);
  });

  test("a reaction of the customer is joined and left by pressing it", async ({ page, server, customer }) => {
    const id = await customer.writes("Sudah sampai");
    await openChat(page, customer);
    const message = bubble(page, "Sudah sampai");
    await customer.sends("reaction", { message_id: id, emoji: "❤️" });
    const theirs = message.getByRole("button", { name: `${customer.name} reacted ❤️` });
    const all = message.getByRole("button", { name: /reacted/ });
    await expect(theirs).toHaveAttribute("aria-pressed", "false");
    const room = await theirs.boundingBox();
    expect(Math.min(room?.width ?? 0, room?.height ?? 0)).toBeGreaterThanOrEqual(24);
    await theirs.focus();
    await page.keyboard.press("Enter");
    await expect(all).toHaveCount(2);
    await expect(theirs).toHaveAttribute("aria-pressed", "true");
    await expect(theirs).toBeFocused();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await expect(all).toHaveCount(1);
    await expect(theirs).toHaveAttribute("aria-pressed", "false");
    const reactions = async () =>
      (await server.sandbox.sent(customer.number)).filter((sent) => sent.type === "reaction").map((sent) => sent.text ?? "");
    await expect.poll(reactions).toEqual(["❤️", ""]);
  });

  test("more than a day after the customer wrote no reaction is offered, until he writes", async ({ page, customer }) => {
    const id = await customer.writes("Kemarin", { timestamp: Math.floor(Date.now() / 1000) - 25 * 3600 });
    await customer.sends("reaction", { message_id: id, emoji: "👍" }, { timestamp: Math.floor(Date.now() / 1000) - 25 * 3600 });
    await page.getByRole("searchbox").fill(customer.name);
    await openChat(page, customer);
    await expect(bubble(page, "Kemarin").getByRole("img", { name: `${customer.name} reacted 👍` })).toBeVisible();
    await openMenu(page, "Kemarin");
    await expect(menu(page).getByRole("button", { name: "Reply" })).toBeVisible();
    await expect(menu(page).getByRole("button", { name: "React with 👍" })).toHaveCount(0);
    await customer.writes("Saya kembali");
    await expect(menu(page).getByRole("button", { name: "React with 👍" })).toBeVisible();
    await expect(bubble(page, "Kemarin").getByRole("button", { name: `${customer.name} reacted 👍` })).toBeVisible();
  });

  test("an emoji goes where the caret stands", async ({ page, customer }) => {
    await chat(page, customer);
    await composer(page).fill("Siap!");
    await composer(page).press("ArrowLeft");
    await page.getByRole("button", { name: "Emoji", exact: true }).click();
    await page.getByRole("searchbox", { name: "Search emoji" }).fill("rocket");
    await page.keyboard.press("Enter");
    await expect(composer(page)).toBeFocused();
    await expect(composer(page)).toHaveValue("Siap🚀!");
    await composer(page).press("Enter");
    await expect(bubble(page, "Siap🚀!")).toBeVisible();
    // It is among the recent ones now.
    await page.getByRole("button", { name: "Emoji", exact: true }).click();
    await expect(page.getByRole("button", { name: "Recent" })).toHaveAttribute("aria-pressed", "true");
    await expect(page.getByRole("button", { name: "rocket", exact: true })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("searchbox", { name: "Search emoji" })).toBeHidden();
  });
});

test.describe("a linked number", () => {
  test.use({ isolated: true });

  test("a sent text is changed, shows what it said, and is taken back", async ({ page, server, signIn, other }) => {
    await signIn(page, "owner");
    const device = await linkGateway(page, server, PHONE);
    const account = page.url();
    // Where its files are kept can be seen, and what the server does not have says so.
    const storage = page.getByRole("combobox", { name: "Files are kept" });
    await expect(storage).toHaveValue("local");
    await expect(storage).toHaveAccessibleDescription(/no S3 storage/);

    const customer = server.customer();
    await customer.writes("Buka sampai jam berapa?", { account: device });
    await open(page, "/inbox");
    await openChat(page, customer);
    await answer(page, "Sampai jam enma");
    await status(bubble(page, "Sampai jam enma"), "sent", "delivered", "read");
    await openMenu(page, "Sampai jam enma");
    await menu(page).getByRole("button", { name: "Change", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Change the message" });
    const field = dialog.getByRole("textbox");
    await expect(field).toHaveValue("Sampai jam enma");
    await expect(dialog.getByRole("button", { name: "Save" })).toBeDisabled();
    await field.fill("Sampai jam enam");
    expect(await violations(page)).toEqual([]);
    await field.press("Enter");
    await expect(dialog).toBeHidden();
    const message = bubble(page, "Sampai jam enam");
    await expect(message.getByText("edited")).toBeVisible();
    await expect.poll(async () => (await server.sandbox.sent(customer.number)).some((s) => s.type === "edit")).toBe(true);

    await openMenu(page, "Sampai jam enam");
    await menu(page).getByRole("button", { name: "What it said before" }).click();
    const versions = page.getByRole("dialog", { name: "What this message has said" });
    await expect(versions.getByRole("listitem")).toHaveText([/Sampai jam enam$/, /Sampai jam enma$/]);
    expect(await seenInTheDark(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await expect(versions).toBeHidden();

    await openMenu(page, "Sampai jam enam");
    await menu(page).getByRole("button", { name: "Delete for everyone" }).click();
    const sure = page.getByRole("dialog", { name: "Delete this message?" });
    await expect(sure).toContainText("Sampai jam enam");
    await sure.getByRole("button", { name: "Delete for everyone" }).click();
    await expect(sure).toBeHidden();
    await expect(bubble(page, "Sampai jam enam")).toHaveCount(0);
    await expect.poll(async () => (await server.sandbox.sent(customer.number)).some((s) => s.type === "revoke")).toBe(true);

    // Neither is offered while the number is away.
    await answer(page, "Sampai besok");
    await status(bubble(page, "Sampai besok"), "sent", "delivered", "read");
    await openMenu(page, "Sampai besok");
    await expect(menu(page).getByRole("button", { name: "Change", exact: true })).toBeVisible();
    const elsewhere = await other("owner");
    await open(elsewhere, account);
    await elsewhere.getByRole("button", { name: "Stop", exact: true }).click();
    for (const name of ["Change", "Delete for everyone", "React with 👍"]) {
      await expect(menu(page).getByRole("button", { name, exact: true })).toHaveCount(0);
    }
    await expect(menu(page).getByRole("button", { name: "Reply" })).toBeVisible();
  });
});
