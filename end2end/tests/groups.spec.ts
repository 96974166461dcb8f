// Groups: who speaks, who is in them, what happens to them, and mentions both ways.

import { type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { linkGateway } from "./support/gateway.js";
import { bubble, composer, open, ready, row, status, thread } from "./support/screens.js";
import { type Server } from "./support/server.js";
import { expect, test } from "./support/test.js";

const PHONE = "+62 811 2222 333";
const OWN = "628112222333";
const GROUP = "120363402106999999";
const RESELLERS = { name: "Reseller Bandung" };
const SITI = { from: "6281200001111", lid: "251500000001", name: "Siti Rahma" };
const BUDI = { from: "6281200002222", name: "Budi Hartono" };

/** A linked number that is in a group with these members. */
async function link(page: Page, server: Server, group: Record<string, unknown> = {}): Promise<void> {
  await linkGateway(page, server, PHONE);
  await server.sandbox.addGroup({
    account: OWN,
    id: GROUP,
    name: RESELLERS.name,
    description: "Pesanan *Bandung*",
    members: [SITI, BUDI],
    ...group,
  });
}

/** A member writes in the group, and the page has it open. */
async function openGroup(
  page: Page,
  server: Server,
  text = "Ada stok?",
  shown: string | RegExp = text,
): Promise<void> {
  await server.sandbox.receive({ account: OWN, group: GROUP, from: SITI.from, name: SITI.name, text });
  await open(page, "/inbox");
  await row(page, RESELLERS).click();
  await expect(page.getByRole("heading", { level: 2, name: RESELLERS.name })).toBeVisible();
  await expect(bubble(page, shown)).toBeVisible();
}

const details = (page: Page) => page.getByRole("complementary", { name: "Details" });
const members = (page: Page) => details(page).getByRole("list", { name: /members?$/ }).getByRole("listitem");

test.describe("a group", () => {
  test.use({ isolated: true });

  test.beforeEach(async ({ page, signIn }) => {
    await signIn(page, "owner");
  });

  test("names who speaks, and its panel who is in it", async ({ page, server }) => {
    await link(page, server);
    await openGroup(page, server);
    await server.sandbox.receive({ account: OWN, group: GROUP, from: BUDI.from, name: BUDI.name, text: "Masih banyak" });
    await expect(row(page, RESELLERS)).toContainText("Budi Hartono: Masih banyak");
    await expect(row(page, RESELLERS).getByRole("img", { name: "3 members" })).toBeVisible();
    const colour = (text: string) =>
      bubble(page, text)
        .locator(".bubble-author")
        .evaluate((author) => getComputedStyle(author).color);
    await expect(bubble(page, "Ada stok?")).toContainText(SITI.name);
    await expect(bubble(page, "Masih banyak")).toContainText(BUDI.name);
    await server.sandbox.receive({ account: OWN, group: GROUP, from: SITI.from, name: SITI.name, text: "Bagus" });
    await expect(bubble(page, "Bagus")).toContainText(SITI.name);
    expect(await colour("Bagus")).toBe(await colour("Ada stok?"));

    await expect(details(page)).toContainText("Pesanan Bandung");
    await expect(members(page)).toHaveCount(3);
    await expect(members(page).first()).toContainText(/Siti Rahma.*Owner/);
    await expect(members(page).filter({ hasText: "This number" })).toHaveCount(1);
    await expect(details(page).getByText("Created")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    expect(await seenInTheDark(page)).toEqual([]);
  });

  test("tells live who comes, goes and becomes an administrator", async ({ page, server }) => {
    await link(page, server);
    await openGroup(page, server);
    await expect(members(page)).toHaveCount(3);
    const rina = { from: "6281200003333", name: "Rina" };
    const step = (change: string, person: Record<string, unknown>) =>
      server.sandbox.groupStep({ group: GROUP, change, members: [person] });
    await step("join", rina);
    // That this number joined may stand there too: it depends on which came first, the group or its first message.
    await expect(thread(page).getByText(/(Rina|3333) joined the group/)).toBeVisible();
    await expect(members(page)).toHaveCount(4);
    await step("promote", BUDI);
    await expect(thread(page).getByText(/is now an administrator/)).toBeVisible();
    await expect(members(page).filter({ hasText: "Administrator" })).toHaveCount(1);
    await step("leave", BUDI);
    await expect(thread(page).getByText(/left the group/)).toBeVisible();
    await expect(members(page)).toHaveCount(3);
    await expect(row(page, RESELLERS)).toContainText("Ada stok?");
  });

  test("who was chosen of two with one name stays chosen over a reload", async ({ page, server }) => {
    await link(page, server, { members: [SITI, BUDI, { ...BUDI, from: "6281200003333" }] });
    await openGroup(page, server);
    for (const from of [BUDI.from, "6281200003333"]) {
      await server.sandbox.receive({ account: OWN, group: GROUP, from, name: BUDI.name, text: `Saya ${from}` });
      await expect(bubble(page, `Saya ${from}`)).toBeVisible();
    }
    await page.reload();
    await ready(page);
    const offered = page.getByRole("listbox", { name: "Members to mention" });
    await composer(page).pressSequentially("Halo @bud");
    await expect(offered.getByRole("option")).toHaveCount(2);
    await offered.getByRole("option").filter({ hasText: /3333/ }).click();
    await expect(composer(page)).toHaveValue("Halo @Budi Hartono ");
    await composer(page).pressSequentially("ya");
    await page.reload();
    await ready(page);
    await expect(composer(page)).toHaveValue("Halo @Budi Hartono ya");
    await composer(page).press("Enter");
    await expect
      .poll(async () => (await server.sandbox.sent(`${GROUP}@g.us`)).map((message) => message.text))
      .toEqual(["Halo @6281200003333 ya"]);
  });

  test("mentions go out by the keyboard alone and come in with names", async ({ page, server }) => {
    test.slow();
    await link(page, server);
    await openGroup(page, server, `Tanya @${OWN} atau @${BUDI.from}`, /Tanya @Gudang atau @/);
    // Who was asked for by number is shown by name, as far as anybody knows it.
    await server.sandbox.receive({ account: OWN, group: GROUP, from: BUDI.from, name: BUDI.name, text: "Ya?" });
    await expect(bubble(page, "Ya?")).toBeVisible();
    await page.reload();
    await expect(bubble(page, "Tanya @Gudang atau @Budi Hartono")).toBeVisible();

    const offered = page.getByRole("listbox", { name: "Members to mention" });
    await composer(page).pressSequentially("Halo @");
    await expect(offered.getByRole("option")).toHaveCount(2);
    await composer(page).pressSequentially("bud");
    await expect(offered.getByRole("option")).toHaveText([/Budi Hartono/]);
    await expect(composer(page)).toHaveAttribute("aria-activedescendant", "mention-0");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await expect(offered).toHaveCount(0);
    await expect(composer(page)).toHaveValue("Halo @Budi Hartono ");
    await composer(page).pressSequentially("bisa?");
    await page.keyboard.press("Enter");
    const sent = bubble(page, "Halo @Budi Hartono bisa?");
    await status(sent, "sent", "delivered", "read");
    const [message] = await server.sandbox.sent(`${GROUP}@g.us`);
    expect(message?.text).toBe(`Halo @${BUDI.from} bisa?`);
    expect(JSON.stringify(message)).toContain(`"mentions":["${BUDI.from}"]`);
    // Escape closes the list and keeps what is written.
    await composer(page).pressSequentially("@si");
    await expect(offered).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(offered).toHaveCount(0);
    await expect(composer(page)).toHaveValue("@si");
  });

  test("of a thousand shows the first fifty at once, and finds the others", async ({ page, server }) => {
    test.slow();
    const crowd = Array.from({ length: 998 }, (_, n) => ({
      from: `62813${String(n).padStart(8, "0")}`,
    }));
    await link(page, server, { members: [SITI, ...crowd] });
    await openGroup(page, server);
    await expect(row(page, RESELLERS).getByRole("img", { name: "1000 members" })).toBeVisible();
    await expect(members(page)).toHaveCount(50);
    await page.reload();
    await ready(page);
    await expect(members(page)).toHaveCount(50);
    await details(page).getByRole("searchbox", { name: "Find a member" }).fill("00000997");
    await expect(members(page)).toHaveCount(1);
    await details(page).getByRole("searchbox", { name: "Find a member" }).fill("nobody at all");
    await expect(details(page).getByText("Nobody of that name is in this group")).toBeVisible();
    await details(page).getByRole("searchbox", { name: "Find a member" }).fill("");
    await expect(members(page)).toHaveCount(50);
    await details(page).getByRole("button", { name: "Show all 1000" }).click();
    await expect(members(page)).toHaveCount(1_000);
  });

  test("that is asked with a poll says where its votes are seen", async ({ page, server }) => {
    await link(page, server);
    await openGroup(page, server);
    await page.getByRole("button", { name: "Attach", exact: true }).click();
    await page.getByRole("group", { name: "Attach" }).getByRole("button", { name: "Poll" }).click();
    const dialog = page.getByRole("dialog").filter({ visible: true });
    await dialog.getByRole("textbox", { name: "Question" }).fill("Hari apa?");
    await dialog.getByRole("textbox", { name: "Answer 1" }).fill("Sabtu");
    await dialog.getByRole("textbox", { name: "Answer 2" }).fill("Minggu");
    await dialog.getByRole("button", { name: "Send" }).click();
    await expect(dialog).toBeHidden();
    await expect(bubble(page, "Hari apa?")).toContainText("Votes are seen on the phone only");
  });

  test("that only administrators write in says so before and after trying", async ({ page, server }) => {
    await link(page, server, { announce: true });
    await openGroup(page, server);
    await expect(page.getByText("Only administrators may write here, and this number is none").first()).toBeVisible();
    await composer(page).fill("Boleh?");
    await composer(page).press("Enter");
    await status(bubble(page, "Boleh?"), "failed");
    await expect(bubble(page, "Boleh?")).toContainText("Only administrators may write here");
  });

  test("is read and answered on a phone", async ({ page, server, other }) => {
    await link(page, server);
    await openGroup(page, server);
    const phone = await other("agent", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await open(phone, new URL(page.url()).pathname);
    await expect(bubble(phone, "Ada stok?")).toContainText(SITI.name);
    await composer(phone).pressSequentially("@");
    await phone.getByRole("option", { name: /Budi|6281|\+62/ }).first().tap();
    await expect(composer(phone)).not.toHaveValue("@");
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
    expect(wide).toBe(true);
    expect(await violations(phone)).toEqual([]);
  });
});
