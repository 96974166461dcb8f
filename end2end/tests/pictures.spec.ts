// What contacts and groups show of themselves: it comes by itself, without a reload and without anything moving, and whoever
// shows nothing has initials.

import { type Locator, type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { linkGateway } from "./support/gateway.js";
import { open, openChat, row } from "./support/screens.js";
import { type Server } from "./support/server.js";
import { expect, test } from "./support/test.js";

const PHONE = "+62 811 2222 444";
const OWN = "628112222444";
const GROUP = "120363402106888888@g.us";
const KARTIKA = { from: "6281200001111", name: "Kartika Wening" };
const BUDI = { from: "6281200002222", name: "Budi Hartono" };
const RESELLERS = { name: "Reseller Bogor" };

/** A linked number, with a group that has a picture, and two people of whom one hides his. */
async function link(page: Page, server: Server): Promise<void> {
  await linkGateway(page, server, PHONE);
  await server.sandbox.addGroup({ account: OWN, id: GROUP, name: RESELLERS.name, members: [KARTIKA, BUDI] });
  await server.sandbox.picture(BUDI.from, null);
}

const writes = (server: Server, who: { from: string; name: string }, text: string, group?: string) =>
  server.sandbox.receive({ account: OWN, from: who.from, name: who.name, text, ...(group && { group }) });

/** The row of a person or group, whoever else is named in it. */
const chatOf = (page: Page, who: { name: string }): Locator =>
  row(page, who).filter({ has: page.locator(".row-title", { hasText: who.name }) });

/** The picture of an avatar, if it has one. */
const picture = (where: Locator): Locator => where.locator(".avatar img");

/** Waits until a picture is there, and is seen in the whole of its round. */
async function seen(where: Locator): Promise<void> {
  // The questions have a wait between them.
  await expect(picture(where)).toBeVisible({ timeout: 20_000 });
  await expect.poll(() => picture(where).evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(0);
  const round = await where.locator(".avatar").boundingBox();
  expect(await picture(where).boundingBox()).toEqual(round);
}

test.describe("pictures", () => {
  test.use({ isolated: true });

  test("come live into the list, the header and the details, and hidden ones leave initials", async ({
    page,
    server,
    signIn,
  }) => {
    await signIn(page, "owner");
    await link(page, server);
    await open(page, "/inbox");
    await writes(server, BUDI, "Halo");
    await writes(server, KARTIKA, "Ada stok?");
    await expect(chatOf(page, KARTIKA)).toBeVisible();
    const before = await chatOf(page, KARTIKA).locator(".row-title").boundingBox();
    await seen(chatOf(page, KARTIKA));
    const after = await chatOf(page, KARTIKA).locator(".row-title").boundingBox();
    expect([after?.x, after?.height]).toEqual([before?.x, before?.height]);

    await openChat(page, KARTIKA);
    await seen(page.locator(".thread-head"));
    await seen(page.locator(".details-who"));
    expect(await violations(page)).toEqual([]);
    expect(await seenInTheDark(page)).toEqual([]);

    // Already open when its picture comes.
    await writes(server, KARTIKA, "Di grup juga", GROUP);
    await expect(chatOf(page, RESELLERS)).toBeVisible();
    await chatOf(page, RESELLERS).click();
    await expect(page.getByRole("heading", { level: 2, name: RESELLERS.name })).toBeVisible();
    await seen(page.locator(".thread-head"));
    await seen(chatOf(page, RESELLERS));

    // All were asked for, and one has none.
    await expect(chatOf(page, BUDI).locator(".avatar")).toHaveText("BH");
    await expect(picture(chatOf(page, BUDI))).toHaveCount(0);
    await page.reload();
    await seen(chatOf(page, KARTIKA));
  });

  test("that cannot be loaded leave the initials", async ({ page, server, signIn, quiet }) => {
    quiet.allow(/Failed to load resource.*\/picture\?v=/);
    await signIn(page, "owner");
    await link(page, server);
    await page.route("**/picture?v=*", (route) => route.abort());
    await open(page, "/inbox");
    await writes(server, KARTIKA, "Ada stok?");
    const avatar = chatOf(page, KARTIKA).locator(".avatar");
    await expect(avatar.locator("img")).toBeAttached({ timeout: 20_000 });
    await expect(avatar).toHaveText("KW");
    await expect.poll(() => avatar.locator("img").evaluate((img: HTMLImageElement) => img.complete)).toBe(true);
    expect(await avatar.locator("img").evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(0);
  });
});
