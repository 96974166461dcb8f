// Pulls the plug: nothing is lost, nothing comes twice, and the page says what is going on.

import { type Page } from "@playwright/test";

import { answer, bubble, chat, composer, open, openChat, row, status, thread } from "./support/screens.js";
import { Customer, Server } from "./support/server.js";
import { DEMO_NUMBER } from "./support/sandbox.js";
import { expect, test as base } from "./support/test.js";

/** A WhatsApp that goes on while the server is away: the phones of a second, otherwise unused program. */
const test = base.extend<{ whatsapp: Server; writer: Customer }>({
  whatsapp: async ({ server }, use) => {
    const whatsapp = await Server.start();
    try {
      // The demo's number lives there too, with the same secrets; its deliveries now come to us.
      await server.down("SIGTERM");
      await server.up(whatsapp.sandbox.url);
      await whatsapp.sandbox.webhook(DEMO_NUMBER, `${server.url}/webhooks/cloud`);
      await use(whatsapp);
    } finally {
      await whatsapp.remove();
    }
  },
  writer: async ({ whatsapp }, use) => {
    await use(whatsapp.customer());
  },
});

test.use({ isolated: true });

const OFFLINE = "Offline – your messages are kept and sent when the connection is back.";
const BACK = "Connected again. Everything is up to date.";

test.beforeEach(async ({ page, signIn, quiet }) => {
  // The browser reports what it cannot reach.
  quiet.allow(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_SOCKET_NOT_CONNECTED|ERR_EMPTY_RESPONSE|WebSocket/);
  await signIn(page);
});

async function reconnected(page: Page): Promise<void> {
  await expect(page.getByText(OFFLINE)).toHaveCount(0, { timeout: 30_000 });
}

test("the page says that it is offline, and reconnects by itself", async ({ page, server }) => {
  await open(page, "/inbox");
  await expect(page.getByText(OFFLINE)).toHaveCount(0);
  await server.down("SIGKILL");
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await server.up();
  await expect(page.getByText(BACK)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(OFFLINE)).toHaveCount(0);
});

test("one need not wait: the banner's button connects now", async ({ page, server }) => {
  await page.clock.install();
  await open(page, "/inbox");
  // With the page's clock at rest it can never come back by itself.
  await page.clock.pauseAt(Date.now() + 60_000);
  await server.down("SIGKILL");
  const now = page.getByRole("button", { name: "Connect now" });
  await expect(now).toBeVisible();
  await server.up();
  await now.click();
  await expect(page.getByText(BACK)).toBeVisible();
});

test("a graceful stop loses nothing and the page comes back", async ({ page, server, customer }) => {
  await open(page, "/inbox");
  await chat(page, customer);
  await answer(page, "Sebelum berhenti");
  await status(bubble(page, "Sebelum berhenti"), "sent", "delivered", "read");
  await server.down("SIGTERM");
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await server.up();
  await reconnected(page);
  await expect(bubble(page, "Sebelum berhenti")).toHaveCount(1);
});

test("what customers write while the server is away arrives, once and in order", async ({
  page,
  server,
  whatsapp,
  writer,
}) => {
  await open(page, "/inbox");
  await chat(page, writer, "Sebelum");
  await server.down("SIGKILL");
  await expect(page.getByText(OFFLINE)).toBeVisible();
  for (const text of ["Halo?", "Ada orang?", "Saya tunggu"]) {
    await writer.writes(text);
  }
  const stranger = whatsapp.customer();
  await stranger.writes("Pertama kali menulis");
  await server.up(whatsapp.sandbox.url);
  await reconnected(page);
  await expect(bubble(page, "Saya tunggu")).toBeVisible({ timeout: 30_000 });
  await expect(row(page, stranger)).toContainText("Pertama kali menulis", { timeout: 30_000 });
  await expect.poll(() => whatsapp.sandbox.pending()).toBe(0);
  await expect(thread(page).getByRole("article").locator(".bubble-text")).toHaveText([
    "Sebelum",
    "Halo?",
    "Ada orang?",
    "Saya tunggu",
  ]);
});

test("what is written while offline is kept, and goes once when the server is back", async ({
  page,
  server,
  whatsapp,
  writer,
}) => {
  await open(page, "/inbox");
  await chat(page, writer);
  await server.down("SIGKILL");
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await answer(page, "Satu");
  await answer(page, "Dua");
  await status(bubble(page, "Satu"), "queued");
  await expect(bubble(page, "Satu")).toContainText("Kept here until the connection is back");
  await expect(page.getByText("2 messages wait")).toBeVisible();
  await server.up(whatsapp.sandbox.url);
  await reconnected(page);
  await expect.poll(() => writer.texts(), { timeout: 30_000 }).toEqual(["Satu", "Dua"]);
  await status(bubble(page, "Dua"), "sent", "delivered", "read");
  await page.reload();
  await expect(bubble(page, "Satu")).toHaveCount(1);
  await expect(bubble(page, "Dua")).toHaveCount(1);
  expect(await writer.texts()).toEqual(["Satu", "Dua"]);
});

test("unsent messages survive that the page is closed", async ({ page, context, server, whatsapp, writer }) => {
  await open(page, "/inbox");
  await chat(page, writer);
  const address = page.url();
  await server.down("SIGKILL");
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await answer(page, "Belum terkirim");
  await page.close();
  await server.up(whatsapp.sandbox.url);
  const again = await context.newPage();
  await open(again, address);
  await status(bubble(again, "Belum terkirim"), "sent", "delivered", "read");
  await expect(bubble(again, "Belum terkirim")).toHaveCount(1);
  expect(await writer.texts()).toEqual(["Belum terkirim"]);
});

test("a message that the server had not yet handed over goes once after a crash", async ({
  page,
  server,
  whatsapp,
  writer,
}) => {
  await open(page, "/inbox");
  await chat(page, writer);
  // WhatsApp refuses for now: the message waits in the server's outbox.
  await whatsapp.sandbox.faults({ account: DEMO_NUMBER, code: 2 });
  await answer(page, "Tahan banting");
  const kept = (): Promise<string[]> =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("balas.unsent")));
  await expect.poll(kept, "the server has taken it").toEqual([]);
  await server.down("SIGKILL");
  await whatsapp.sandbox.clearFaults();
  await server.up(whatsapp.sandbox.url);
  await reconnected(page);
  await expect.poll(() => writer.texts(), { timeout: 40_000 }).toEqual(["Tahan banting"]);
  await status(bubble(page, "Tahan banting"), "sent", "delivered", "read");
  await expect(bubble(page, "Tahan banting")).toHaveCount(1);
});

test("both tabs catch up after the server was away", async ({ page, other, server, whatsapp, writer }) => {
  const colleague = await other("supervisor");
  await open(page, "/inbox");
  await open(colleague, "/inbox");
  await chat(page, writer);
  await openChat(colleague, writer);
  await server.down("SIGKILL");
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await expect(colleague.getByText(OFFLINE)).toBeVisible();
  await answer(page, "Dari satu tab");
  await server.up(whatsapp.sandbox.url);
  await expect(bubble(colleague, "Dari satu tab")).toHaveCount(1, { timeout: 30_000 });
  await status(bubble(colleague, "Dari satu tab"), "delivered", "read");
});

test("a draft is kept while the server is away", async ({ page, server, customer }) => {
  await open(page, "/inbox");
  await chat(page, customer);
  await composer(page).fill("Setengah kalimat");
  await server.down("SIGKILL");
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await server.up();
  await reconnected(page);
  await expect(composer(page)).toHaveValue("Setengah kalimat");
});
