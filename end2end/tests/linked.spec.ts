// Numbers whose phone is linked through a gateway: connecting, linking by either code, what goes wrong, and many at
// once.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSafeServer } from "node:https";
import { type AddressInfo, type Server as Listener } from "node:net";
import path from "node:path";

import { type Locator, type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { DEMO_NUMBER, GATEWAY } from "./support/sandbox.js";
import { answer, bubble, composer, list, open, openChat, row, rows, status } from "./support/screens.js";
import { type Server } from "./support/server.js";
import { expect, test } from "./support/test.js";

const PHONE = "+62 811 2222 333";
const SECRET = "a-webhook-secret-of-ours";

/** The answer to a call that was refused is reported by the browser. */
const REFUSED = /Failed to load resource: the server responded with a status of (4|5)\d\d/;

const field = (page: Page | Locator, label: string) => page.getByRole("textbox", { name: label, exact: true });
const badge = (page: Page, text: string) => page.getByText(text, { exact: true }).first();

type Entered = { name: string; phone: string; url: string; password: string };

async function fillIn(page: Page, server: Server, entered: Partial<Entered> = {}): Promise<void> {
  await page.getByRole("radio", { name: /^Gateway/ }).check();
  await field(page, "Name").fill(entered.name ?? "Gudang");
  await field(page, "Phone number").fill(entered.phone ?? PHONE);
  await field(page, "Address of the gateway").fill(entered.url ?? server.sandbox.gateway("v9"));
  await field(page, "User").fill(GATEWAY.user);
  await field(page, "Gateway password").fill(entered.password ?? GATEWAY.password);
  await field(page, "Webhook secret").fill(SECRET);
}

/** Connects a number; returns the slot's name, with the number's page open. */
async function connect(page: Page, server: Server, entered: Partial<Entered> = {}): Promise<string> {
  await open(page, "/accounts/new");
  await fillIn(page, server, entered);
  await page.getByRole("button", { name: "Save and connect" }).click();
  await expect(page).toHaveURL(/\/accounts\/[0-9a-f-]{36}$/);
  return `v9/balas-${page.url().split("/").pop() ?? ""}`;
}

/** While somebody listens on this machine. */
async function listening(listener: Listener, meanwhile: (host: string) => Promise<void>): Promise<void> {
  await new Promise<void>((ready) => listener.listen(0, "127.0.0.1", ready));
  try {
    await meanwhile(`127.0.0.1:${(listener.address() as AddressInfo).port}`);
  } finally {
    listener.close();
  }
}

test.describe("the form for a gateway", () => {
  test.beforeEach(async ({ page, signIn }) => {
    await signIn(page, "owner");
    await open(page, "/accounts/new");
  });

  test("says at each field what has to be corrected", async ({ page, server }) => {
    await fillIn(page, server, { phone: "call me", url: "gowa:3000" });
    await field(page, "Webhook secret").fill("secret");
    await field(page, "Name").focus();
    await expect(field(page, "Phone number")).toHaveAccessibleDescription(/phone number with its country code|country code/i);
    await expect(field(page, "Address of the gateway")).toHaveAttribute("aria-invalid", "true");
    await expect(field(page, "Webhook secret")).toHaveAttribute("aria-invalid", "true");
    await page.getByRole("button", { name: "Make one" }).click();
    await expect(field(page, "Webhook secret")).toHaveValue(/^[a-z0-9]{32}$/);
    await expect(field(page, "Webhook secret")).not.toHaveAttribute("aria-invalid", "true");
  });

  test("testing tells in words what is wrong", async ({ page, server, quiet }) => {
    quiet.allow(REFUSED);
    // The fields' help speaks of gateways and passwords too; what counts is what the check has found.
    const notice = page.locator("form .notice[data-tone=bad]");
    const tryIt = async (entered: Partial<Entered>, said: RegExp): Promise<void> => {
      await fillIn(page, server, entered);
      await page.getByRole("button", { name: "Test connection" }).click();
      await expect(notice).toContainText("The connection does not work yet");
      await expect(notice).toContainText(said);
    };
    await tryIt({ password: "wrong" }, /The gateway does not accept this user and password\./);
    // Nobody listens there.
    await tryIt({ url: "http://127.0.0.1:9" }, /http:\/\/127\.0\.0\.1:9 cannot be reached .* Check that it is running/);
    // A page for people answers there.
    await tryIt({ url: server.url }, /answers, but not like a GOWA gateway/);
    // Encrypted, where nobody speaks so.
    await tryIt(
      { url: server.sandbox.gateway("v9").replace("http:", "https:") },
      /No safe connection to https:.* came about .* write http:\/\/ instead of https:\/\//,
    );
    // It has moved: the password is not carried after it.
    await listening(
      createServer((_, answer) => answer.writeHead(302, { location: "https://gowa.example.org/app" }).end()),
      (host) =>
        tryIt(
          { url: `http://${host}` },
          /leads on to another address, https:\/\/gowa\.example\.org.* where the password must not be sent/,
        ),
    );
    // Encrypted, under a certificate that it has written itself (for a hundred years).
    const self = await readFile(path.join(import.meta.dirname, "support/untrusted.pem"));
    let reached = 0;
    const impostor = createSafeServer({ cert: self, key: self }, (_, answer) => {
      reached += 1;
      answer.end("{}");
    });
    await listening(impostor, (host) =>
      tryIt(
        { url: `https://${host}` },
        /No safe connection to https:.* came about \(.*certificate.*\)\. Give the gateway a certificate that this server trusts/,
      ),
    );
    expect(reached, "nothing is said to whom one does not trust").toBe(0);
  });

  test("a number as it is written at home is no number to link", async ({ page, server }) => {
    for (const phone of ["0811 2222 333", "+0811 2222 333", "62 81", "+62 811 2222 333 444 555 666"]) {
      await fillIn(page, server, { phone });
      await field(page, "Name").focus();
      await expect(field(page, "Phone number")).toHaveAttribute("aria-invalid", "true");
      await expect(field(page, "Phone number")).toHaveAccessibleDescription(/country code/);
      await page.getByRole("button", { name: "Save and connect" }).click();
      await expect(field(page, "Phone number")).toBeFocused();
      await expect(page).toHaveURL("/accounts/new");
    }
  });

  test("testing the right data names the version", async ({ page, server }) => {
    await fillIn(page, server);
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.getByText("It works: GOWA v9.2.0 answers.")).toBeVisible();
    await expect(page.getByText("No phone is linked yet; that comes after saving.")).toBeVisible();
    await fillIn(page, server, { url: server.sandbox.gateway("v7") });
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.getByText(/^It serves one number, and must be told by hand where to deliver/)).toBeVisible();
    await expect(page.getByText("No phone is linked yet; that comes after saving.")).toBeVisible();
  });
});

test.describe("a number at a gateway", () => {
  test.use({ isolated: true });

  test.beforeEach(async ({ page, signIn }) => {
    await signIn(page, "owner");
  });

  test("is linked by scanning the QR code, and receives and answers", async ({ page, server, other }) => {
    const device = await connect(page, server);
    const code = page.getByRole("img", { name: "QR code that links Gudang" });
    await expect(code).toBeVisible();
    await expect.poll(() => code.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(100);
    await expect(page.getByText(/^A new code follows in \d+ s$/)).toBeVisible();

    // Another admin sees the same, without reloading.
    const admin = await other("owner");
    await open(admin, "/accounts");
    await expect(badge(admin, "Waits for the QR code")).toBeVisible();

    await server.sandbox.scan(device, PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
    await expect(page.getByRole("heading", { name: "Link the phone" })).toHaveCount(0);
    await expect(badge(admin, "Waits for the QR code")).toHaveCount(0);

    const customer = server.customer();
    await customer.writes("Ada stok?", { account: device });
    await open(page, "/inbox");
    await expect(row(page, customer)).toContainText("Gudang");
    await openChat(page, customer);
    await answer(page, "Ada, kirim hari ini");
    await status(bubble(page, "Ada, kirim hari ini"), "sent", "delivered", "read");
  });

  test("shows a new QR code when one runs out", async ({ page, server }) => {
    const device = await connect(page, server);
    const code = page.getByRole("img", { name: "QR code that links Gudang" });
    const before = await code.getAttribute("src");
    await server.sandbox.expire(device);
    await page.getByRole("button", { name: "Pairing code", exact: true }).click();
    await expect(badge(page, "Waits for the pairing code")).toBeVisible();
    await page.getByRole("button", { name: "QR code", exact: true }).click();
    await expect(code).toBeVisible();
    expect(await code.getAttribute("src")).not.toBe(before);
  });

  test("says that nobody scanned, and shows a new code when asked", async ({ page, server }) => {
    await connect(page, server, { url: await server.sandbox.addGateway("brief", 1) });
    // Six codes, a second each.
    await expect(badge(page, "Needs attention")).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText(/^Nobody has scanned the QR code\. Start the account again when the phone is at hand/)).toBeVisible();
    await expect(page.getByRole("heading", { name: "Link the phone" })).toHaveCount(0);
    await server.sandbox.addGateway("brief", 60);
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByRole("img", { name: "QR code that links Gudang" })).toBeVisible();
    await expect(page.getByText(/^Nobody has scanned/)).toHaveCount(0);
  });

  test("is deleted while it fetches what it missed", async ({ page, server }) => {
    const device = await connect(page, server);
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    await server.sandbox.scan(device, PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await expect(badge(page, "Stopped")).toBeVisible();
    // What comes meanwhile is not delivered, and fetching it takes its time.
    await server.sandbox.faults({ account: device, lose: true });
    const customer = server.customer();
    await customer.writes("Tidak terkirim", { account: device });
    await server.sandbox.faults({ account: device, calls: "all", delay_ms: 1_000 });
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await expect(badge(page, "Connected")).toBeVisible();
    await page.getByRole("button", { name: "Delete this number" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete this number" });
    await dialog.getByRole("textbox", { name: "Name" }).fill("Gudang");
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await expect(page.getByText("The number was deleted.")).toBeVisible();
    await expect(page).toHaveURL("/accounts");
    await expect(page.getByRole("main").getByRole("link", { name: /Gudang/ })).toHaveCount(0);
    // The device goes last. Until then what was fetched could still have come in.
    await expect.poll(async () => (await server.sandbox.devices("v9")).some((slot) => device.endsWith(slot.device))).toBe(false);
    await open(page, "/inbox");
    await expect(row(page, customer)).toHaveCount(0);
    expect(server.logged).not.toMatch(/panicked| ERROR /);
  });

  test("is deleted while its past comes over", async ({ page, server, other }) => {
    await server.sandbox.past({ phone: PHONE.replace(/\D/g, ""), chats: 60, groups: 4, messages: 10 });
    const device = await connect(page, server);
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    const colleague = await other("agent");
    await open(colleague, "/inbox");
    // The first chats come at once, the others take their time.
    await server.sandbox.faults({ account: device, calls: "all", delay_ms: 400 });
    await server.sandbox.scan(device, PHONE);
    const bar = list(colleague).getByRole("list", { name: "Chats that are being brought over" });
    await expect(bar.getByText(/^Syncing chats… [1-9]\d*\/64 \(\d+%\)$/)).toBeVisible();
    await expect(rows(colleague).filter({ hasText: "Gudang" }).first()).toBeVisible();
    await page.getByRole("button", { name: "Delete this number" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete this number" });
    await dialog.getByRole("textbox", { name: "Name" }).fill("Gudang");
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await expect(page.getByText("The number was deleted.")).toBeVisible();
    // Whoever looked on sees neither the progress any more nor what had come.
    await expect(bar.getByRole("listitem")).toHaveCount(0);
    await expect(rows(colleague).filter({ hasText: "Gudang" })).toHaveCount(0);
    // The device goes last. Until then what was asked for could still have come in.
    await expect.poll(async () => (await server.sandbox.devices("v9")).some((slot) => device.endsWith(slot.device))).toBe(false);
    await open(colleague, "/inbox");
    await expect(rows(colleague).filter({ hasText: "Gudang" })).toHaveCount(0);
    await expect(bar.getByRole("listitem")).toHaveCount(0);
    expect(server.logged).not.toMatch(/panicked| ERROR /);
  });

  test("is linked by typing the pairing code", async ({ page, server }) => {
    await connect(page, server);
    await page.getByRole("button", { name: "Pairing code", exact: true }).click();
    const shown = page.locator("output.copy-text");
    await expect(shown).toHaveText(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    await expect(page.getByText(/^Valid for \d+ s$/)).toBeVisible();
    const first = (await shown.textContent()) ?? "";
    await page.getByRole("button", { name: "New code" }).click();
    await expect(shown).not.toHaveText(first);
    // Between the two codes there is none.
    await expect(shown).toHaveText(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    await server.sandbox.pair((await shown.textContent()) ?? "", PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
  });

  test("says that another phone was linked", async ({ page, server }) => {
    const device = await connect(page, server);
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    await server.sandbox.scan(device, "+62 811 9999 999");
    await expect(badge(page, "Needs attention")).toBeVisible();
    await expect(page.getByText(/62 ?81/).nth(1)).toBeVisible();
  });

  test("is logged out, and linked again", async ({ page, server }) => {
    const device = await connect(page, server);
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    await server.sandbox.scan(device, PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("dialog", { name: "Log out" }).getByRole("button", { name: "Log out" }).click();
    await expect(badge(page, "Stopped")).toBeVisible();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
  });

  test("lists the gateway's devices and reconnects", async ({ page, server }) => {
    const device = await connect(page, server);
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    await server.sandbox.scan(device, PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
    const section = page.locator("section").filter({ has: page.getByRole("heading", { name: "Devices at the gateway" }) });
    await section.getByRole("button", { name: "Refresh" }).click();
    await expect(section.getByRole("listitem")).toHaveCount(1);
    await expect(section.getByText("this number")).toBeVisible();
    await expect(section.getByText("Linked", { exact: true })).toBeVisible();
    await section.getByRole("button", { name: /^Reconnect: balas-/ }).click();
    await expect(page.getByText("The gateway connects anew.")).toBeVisible();
    await expect(badge(page, "Connected")).toBeVisible();
  });

  test("logs out devices of its gateway, its own and those of others", async ({ page, server }) => {
    // Somebody else has a phone at the same gateway.
    const basic = Buffer.from(`${GATEWAY.user}:${GATEWAY.password}`).toString("base64");
    const headers = { authorization: `Basic ${basic}`, "content-type": "application/json" };
    const at = `${server.sandbox.gateway("v9")}/devices`;
    await fetch(at, { method: "POST", headers, body: JSON.stringify({ device_id: "kasir" }) });
    await fetch(`${at}/kasir/login`, { headers });
    await server.sandbox.scan("v9/kasir", "+62 811 7777 777");
    const device = await connect(page, server);
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    await server.sandbox.scan(device, PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
    const section = page.locator("section").filter({ has: page.getByRole("heading", { name: "Devices at the gateway" }) });
    await section.getByRole("button", { name: "Refresh" }).click();
    await expect(section.getByRole("listitem")).toHaveCount(2);
    expect(await violations(page)).toEqual([]);
    const dialog = page.getByRole("dialog", { name: "Log out" }).filter({ visible: true });
    await section.getByRole("button", { name: "Log out: kasir" }).click();
    await expect(dialog).toContainText("It is no number of this workspace.");
    await dialog.getByRole("button", { name: "Log out" }).click();
    await expect(page.getByText("The device is logged out.")).toBeVisible();
    await expect(section.getByRole("button", { name: "Log out: kasir" })).toHaveCount(0);
    await expect(badge(page, "Connected")).toBeVisible();
    // Our own takes the way of its number.
    await section.getByRole("button", { name: /^Log out: balas-/ }).click();
    await expect(dialog).toContainText("It is the number Gudang here");
    await dialog.getByRole("button", { name: "Log out" }).click();
    await expect(badge(page, "Stopped")).toBeVisible();
  });

  test("axe finds nothing while it is linked, nor afterwards", async ({ page, server }) => {
    const nothing = async (screen: string): Promise<void> => {
      expect.soft(await violations(page), screen).toEqual([]);
      expect.soft(await seenInTheDark(page), `${screen}, dark`).toEqual([]);
    };
    const device = await connect(page, server);
    await expect(page.getByRole("img", { name: "QR code that links Gudang" })).toBeVisible();
    await nothing("QR code");
    await page.getByRole("button", { name: "Pairing code", exact: true }).click();
    await expect(page.locator("output.copy-text")).toHaveText(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    await nothing("pairing code");
    await page.getByRole("button", { name: "QR code", exact: true }).click();
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    await server.sandbox.scan(device, PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
    await page.getByRole("button", { name: "Log out" }).click();
    await nothing("logging out");
  });

  test("two accounts with one number are refused with a reason", async ({ page, server, quiet }) => {
    quiet.allow(REFUSED);
    await connect(page, server);
    await open(page, "/accounts/new");
    await fillIn(page, server, { name: "Gudang 2" });
    await page.getByRole("button", { name: "Save and connect" }).click();
    await expect(field(page, "Phone number")).toHaveAccessibleDescription(/already/i);
    await expect(page).toHaveURL("/accounts/new");
    // Neither on WhatsApp Web, however it is written.
    await page.getByRole("radio", { name: /^WhatsApp Web/ }).check();
    await field(page, "Name").fill("Gudang 3");
    await field(page, "Phone number").fill("+62-811-2222-333");
    await page.getByRole("button", { name: "Save and connect" }).click();
    await expect(field(page, "Phone number")).toHaveAccessibleDescription(/already/i);
    await expect(page).toHaveURL("/accounts/new");
    await open(page, "/accounts");
    await expect(page.getByRole("main").getByRole("link", { name: /^Gudang/ })).toHaveCount(1);
  });

  test("keeps its settings, and becomes the primary number", async ({ page, server }) => {
    await connect(page, server);
    const settings = page.locator("form").filter({ has: page.getByRole("heading", { name: "Settings" }) });
    const save = settings.getByRole("button", { name: "Save" });
    await expect(save).toBeDisabled();
    await settings.getByRole("combobox", { name: "Trust level" }).selectOption("3");
    await field(settings, "Messages per day").fill("0");
    await expect(settings.getByText(/^Between 1 and 100/)).toBeVisible();
    await expect(save).toBeDisabled();
    await field(settings, "Messages per day").fill("200");
    const autoStart = settings.getByRole("switch", { name: /^Start with the server/ });
    const warmUp = settings.getByRole("switch", { name: /^Warm up/ });
    await autoStart.check();
    await save.click();
    await expect(save).toBeDisabled();
    await expect(settings.getByText("0 of 10 sent today, warming up: day 1")).toBeVisible();
    await warmUp.uncheck();
    await save.click();
    await expect(settings.getByText("0 of 200 sent today", { exact: true })).toBeVisible();
    await page.getByRole("button", { name: "Make primary" }).click();
    await expect(page.getByText("Primary", { exact: true })).toBeVisible();
    await page.reload();
    await expect(page.getByText("Primary", { exact: true })).toBeVisible();
    await expect(settings.getByRole("combobox", { name: "Trust level" })).toHaveValue("3");
    await expect(field(settings, "Messages per day")).toHaveValue("200");
    await expect(autoStart).toBeChecked();
    await expect(warmUp).not.toBeChecked();
  });

  test("shows what a colleague sets, and keeps what is being changed", async ({ page, server, other }) => {
    await connect(page, server);
    const form = (on: Page) => on.locator("form").filter({ has: on.getByRole("heading", { name: "Settings" }) });
    const trust = (on: Page) => form(on).getByRole("combobox", { name: "Trust level" });
    const limit = (on: Page) => field(form(on), "Messages per day");
    const save = (on: Page) => form(on).getByRole("button", { name: "Save" });
    const admin = await other("owner");
    await open(admin, new URL(page.url()).pathname);
    // Chosen and taken back: nothing is being changed there.
    await trust(admin).selectOption("2");
    await trust(admin).selectOption("1");
    await expect(save(admin)).toBeDisabled();
    await limit(admin).fill("77");
    await expect(save(admin)).toBeEnabled();

    await trust(page).selectOption("3");
    await form(page).getByRole("switch", { name: /^Warm up/ }).uncheck();
    await save(page).click();
    await expect(save(page)).toBeDisabled();
    await expect(trust(admin)).toHaveValue("3");
    await expect(form(admin).getByRole("switch", { name: /^Warm up/ })).not.toBeChecked();
    await expect(limit(admin)).toHaveValue("77");
    await trust(page).selectOption("2");
    await save(page).click();
    await expect(trust(admin)).toHaveValue("2");

    await save(admin).click();
    await expect(save(admin)).toBeDisabled();
    await expect(limit(page)).toHaveValue("77");
    await expect(trust(page)).toHaveValue("2");
    await expect(save(page)).toBeDisabled();

    const name = (on: Page) => field(on.locator("form").filter({ has: on.getByRole("button", { name: "Rename" }) }), "Name");
    await name(page).fill("Gudang Timur");
    await page.getByRole("button", { name: "Rename" }).click();
    await expect(name(admin)).toHaveValue("Gudang Timur");
    await expect(admin.getByRole("button", { name: "Rename" })).toBeDisabled();
  });

  test("tells of a message that has to wait until when", async ({ page, server }) => {
    const device = await connect(page, server);
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    await server.sandbox.scan(device, PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
    const customer = server.customer();
    await customer.writes("Halo", { account: device });
    await open(page, "/inbox");
    await openChat(page, customer);
    // Level 1 lets three go at once.
    for (const text of ["Satu", "Dua", "Tiga", "Empat", "Lima"]) {
      await answer(page, text);
    }
    await expect(page.getByText(/^Goes out at .*: this number sends no faster\.$/).first()).toBeVisible();
    // Another one goes only after it.
    await expect(bubble(page, "Lima").getByText("Waits for the messages ahead of it.")).toBeVisible();
  });
});

test.describe("the card of a number", () => {
  test.use({ isolated: true });

  test("has a menu, by keyboard too", async ({ page, server, signIn }) => {
    await signIn(page, "owner");
    await connect(page, server);
    await open(page, "/accounts");
    const card = page.getByRole("main").getByRole("listitem").filter({ hasText: "Gudang" }).first();
    await expect(card).toContainText("Trust level 1");
    await expect(card).toContainText("0 of 10 sent today, warming up: day 1");
    await card.getByRole("button", { name: "Stop: Gudang" }).click();
    await expect(card).toContainText("Stopped");

    const more = card.getByRole("button", { name: "More: Gudang" });
    const menu = page.getByRole("group", { name: "More: Gudang" });
    await more.focus();
    await page.keyboard.press("Enter");
    await expect(menu.getByRole("button", { name: "Start" })).toBeVisible();
    expect.soft(await violations(page), "menu").toEqual([]);
    expect.soft(await seenInTheDark(page), "menu, dark").toEqual([]);
    await page.keyboard.press("Escape");
    await expect(menu).toBeHidden();
    await expect(more).toBeFocused();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await expect(menu.getByRole("link", { name: "Open its chats" })).toBeFocused();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect(menu).toBeHidden();
    await expect(card).toContainText("Waits for the QR code");

    await more.click();
    await menu.getByRole("link", { name: "Open its chats" }).click();
    await expect(page).toHaveURL(/\/inbox\?account=[0-9a-f-]{36}$/);
    await page.goBack();
    await more.click();
    await menu.getByRole("link", { name: "Settings" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Gudang" })).toBeVisible();
    await page.goBack();
    await more.click();
    await menu.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("dialog", { name: "Log out" }).getByRole("button", { name: "Log out" }).click();
    await expect(card).toContainText("Stopped");
    await more.click();
    await menu.getByRole("button", { name: "Delete this number" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete this number" });
    await dialog.getByRole("textbox", { name: "Name" }).fill("Gudang");
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await expect(page.getByText("The number was deleted.")).toBeVisible();
    await expect(page.getByRole("main").getByRole("link", { name: /Gudang/ })).toHaveCount(0);
    await expect(dialog).toBeHidden();
  });
});

test.describe("another number that stands in", () => {
  test.use({ isolated: true });

  test("takes the answers of one that is stopped, where the workspace allows it", async ({ page, server, signIn, other }) => {
    await signIn(page, "owner");
    const device = await connect(page, server);
    await expect(badge(page, "Waits for the QR code")).toBeVisible();
    await server.sandbox.scan(device, PHONE);
    await expect(badge(page, "Connected")).toBeVisible();
    const customer = server.customer();
    await customer.writes("Masih ada?");

    await open(page, "/accounts");
    await page.getByRole("checkbox", { name: "Select Toko Melati" }).check();
    await page.getByRole("region", { name: "Selected numbers" }).getByRole("button", { name: "Stop" }).click();
    await expect(page.getByRole("main").getByRole("link", { name: /^Toko Melati/ })).toContainText("Stopped");
    await open(page, "/inbox");
    await row(page, customer).click();
    await expect(page.getByText("The number Toko Melati is not connected.")).toBeVisible();
    await composer(page).fill("Masih, kak");
    await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();

    // Another member has the conversation open all the while.
    const agent = await other("agent");
    await open(agent, "/inbox");
    await row(agent, customer).click();
    await expect(agent.getByText("The number Toko Melati is not connected.")).toBeVisible();

    await open(page, "/accounts");
    await page.getByRole("switch", { name: /^Let other numbers stand in/ }).check();
    const together = page.locator("form").filter({ has: page.getByRole("heading", { name: "All numbers together" }) });
    await together.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved", { exact: true })).toBeVisible();
    await expect(agent.getByText("The number Toko Melati is not connected: your answer leaves by Gudang.")).toBeVisible();
    await composer(agent).fill("Saya bantu");
    await expect(agent.getByRole("button", { name: "Send" })).toBeEnabled();
    await open(page, "/inbox");
    await row(page, customer).click();
    await expect(page.getByText("The number Toko Melati is not connected: your answer leaves by Gudang.")).toBeVisible();
    await answer(page, "Masih, kak");
    await expect(bubble(page, "Masih, kak")).toContainText("sent by Gudang");
    await status(bubble(page, "Masih, kak"), "sent", "delivered", "read");
    const [sent] = await server.sandbox.sent(customer.number);
    expect(sent?.account).not.toBe(DEMO_NUMBER);
  });
});

test.describe("a number on WhatsApp Web", () => {
  test.use({ isolated: true });

  test("says what is missing on the server, and what to do", async ({ page, signIn, quiet }) => {
    quiet.allow(REFUSED);
    await signIn(page, "owner");
    await open(page, "/accounts/new");
    await page.getByRole("radio", { name: /^WhatsApp Web/ }).check();
    await page.getByRole("button", { name: "Save and connect" }).click();
    await expect(field(page, "Name")).toHaveAttribute("aria-invalid", "true");
    await field(page, "Name").fill("Rumah");
    const missing = /The bridge, which runs WhatsApp Web, is not in .*--bridge/;
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.locator("form .notice[data-tone=bad]")).toContainText(missing);
    await expect(page).toHaveURL("/accounts/new");
    await page.getByRole("button", { name: "Save and connect" }).click();
    await expect(page).toHaveURL(/\/accounts\/[0-9a-f-]{36}$/);
    // The tests' server has no bridge beside it.
    await expect(badge(page, "Needs attention")).toBeVisible();
    await expect(page.getByText(missing)).toBeVisible();
    await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  });
});

test.describe("what is set for all numbers together", () => {
  test.use({ isolated: true });

  test("follows colleagues, and keeps what is being changed", async ({ page, signIn, other }) => {
    const form = (on: Page) => on.locator("form").filter({ has: on.getByRole("heading", { name: "All numbers together" }) });
    const fallBack = (on: Page) => form(on).getByRole("switch", { name: /^Let other numbers stand in/ });
    const save = (on: Page) => form(on).getByRole("button", { name: "Save" });
    await signIn(page, "owner");
    await open(page, "/accounts");
    const admin = await other("owner");
    await open(admin, "/accounts");
    const minutes = (on: Page) => form(on).getByRole("textbox", { name: "Alert after minutes" });
    await minutes(admin).fill("17");
    await fallBack(page).check();
    await field(form(page), "Chats whose history comes over").fill("77");
    await save(page).click();
    await expect(save(page)).toBeDisabled();
    await expect(fallBack(admin)).toBeChecked();
    await expect(field(form(admin), "Chats whose history comes over")).toHaveValue("77");
    await expect(minutes(admin)).toHaveValue("17");
    // What the colleague has set is not set back by saving.
    await save(admin).click();
    await expect(save(admin)).toBeDisabled();
    await expect(minutes(page)).toHaveValue("17");
    await page.reload();
    await expect(fallBack(page)).toBeChecked();
    await expect(field(form(page), "Chats whose history comes over")).toHaveValue("77");
    await expect(minutes(page)).toHaveValue("17");
  });
});

test.describe("many numbers at once", () => {
  test.use({ isolated: true });

  test("start, stop and go together, and what failed is said", async ({ page, server, signIn, quiet }) => {
    await signIn(page, "owner");
    await connect(page, server, { name: "Satu", phone: "+62 811 1000 001" });
    await connect(page, server, { name: "Dua", phone: "+62 811 1000 002" });
    await open(page, "/accounts");
    const bar = page.getByRole("region", { name: "Selected numbers" });
    await expect(bar).toBeHidden();
    const main = page.getByRole("main");
    const card = (name: RegExp) => main.getByRole("link", { name });
    await page.getByRole("checkbox", { name: "Select Satu" }).check();
    await expect(bar).toContainText("1 selected");
    await page.getByRole("checkbox", { name: "Select Dua" }).check();
    await expect(bar).toContainText("2 selected");
    await bar.getByRole("button", { name: "Stop" }).click();
    await expect(page.getByText("Done.")).toBeVisible();
    await expect(card(/^Satu/)).toContainText("Stopped");
    await expect(card(/^Dua/)).toContainText("Stopped");
    await expect(card(/^Toko Melati/)).toContainText("Connected");
    await expect(bar).toBeHidden();

    // Deleted behind this page's back is nobody's failure; a refusal is named.
    quiet.allow(REFUSED);
    await page.getByRole("checkbox", { name: "Select all" }).check();
    await expect(bar).toContainText("3 selected");
    await page.route("**/api/ui/change_account*", async (route) => {
      const body = route.request().postData() ?? "";
      const ids = await page.getByRole("main").getByRole("link", { name: /^Dua/ }).getAttribute("href");
      await (body.includes(ids?.split("/").pop() ?? "?") ? route.abort() : route.continue());
    });
    quiet.allow(/ERR_FAILED/);
    await bar.getByRole("button", { name: "Start" }).click();
    await expect(bar).toContainText("3 of 3 done · 1 failed");
    await expect(bar.getByRole("listitem")).toHaveText(/^Dua: /);
    await expect(page.getByRole("checkbox", { name: "Select Dua" })).toBeChecked();
    await expect(page.getByRole("checkbox", { name: "Select Satu" })).not.toBeChecked();

    // Who can be logged out is; a number of the Cloud API says why not.
    await page.unroute("**/api/ui/change_account*");
    await page.getByRole("checkbox", { name: "Select all" }).check();
    await bar.getByRole("button", { name: "Log out" }).click();
    const ending = page.getByRole("dialog", { name: "Log out" });
    await expect(ending.getByRole("listitem")).toHaveText(["Dua", "Satu", "Toko Melati"]);
    await ending.getByRole("button", { name: "Log out" }).click();
    await expect(bar).toContainText("3 of 3 done · 1 failed");
    await expect(bar.getByRole("listitem")).toHaveText(/^Toko Melati: /);
    await expect(card(/^Satu/)).toContainText("Stopped");
    await expect(card(/^Toko Melati/)).toContainText("Connected");
    await page.getByRole("checkbox", { name: "Select Toko Melati" }).uncheck();

    await page.getByRole("checkbox", { name: "Select Dua" }).check();
    await page.getByRole("checkbox", { name: "Select Satu" }).check();
    await bar.getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete" });
    await expect(dialog.getByRole("listitem")).toHaveText(["Dua", "Satu"]);
    const confirm = dialog.getByRole("button", { name: "Delete for good" });
    await expect(confirm).toBeDisabled();
    await field(dialog, "Confirmation").fill("delete 2");
    await confirm.click();
    await expect(main.getByRole("link", { name: /^(Satu|Dua)/ })).toHaveCount(0);
    await expect(card(/^Toko Melati/)).toBeVisible();
  });

  test("an agent has nothing to select", async ({ page, signIn }) => {
    await signIn(page, "agent");
    await open(page, "/accounts");
    await expect(page.getByRole("main").getByRole("link", { name: /Toko Melati/ })).toBeVisible();
    await expect(page.getByRole("checkbox")).toHaveCount(0);
  });
});
