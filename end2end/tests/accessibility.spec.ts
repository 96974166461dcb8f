// axe finds nothing on any screen: light and dark, at a desk and on a phone, dialogs included.

import { type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { answer, bubble, chat, composer, open, openChat, preferences, row, rows, status, thread } from "./support/screens.js";
import { DEMO_NUMBER } from "./support/sandbox.js";
import { type Customer, NAMES, type Server } from "./support/server.js";
import { expect, test } from "./support/test.js";

type Scene = { page: Page; server: Server; customer: Customer };

/** The page of labels with this one on it, whether or not a test before made it. */
async function label(page: Page, name: string): Promise<void> {
  await open(page, "/labels");
  const there = page.getByRole("button", { name: `Change label ${name}` });
  if ((await there.count()) === 0) {
    await page.getByRole("button", { name: "New label" }).click();
    const dialog = page.getByRole("dialog", { name: "New label" });
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(there).toBeVisible();
  }
}

/** Each screen: how one gets there. Nothing of one screen is needed by the next. */
const SCREENS: Record<string, (scene: Scene) => Promise<void>> = {
  inbox: async ({ page }) => {
    await open(page, "/inbox");
    await expect(rows(page).first()).toBeVisible();
  },
  "an empty search": async ({ page }) => {
    await open(page, "/inbox?q=nothing-like-this");
    await expect(page.getByText("Nothing found")).toBeVisible();
  },
  "a long conversation": async ({ page }) => {
    await open(page, "/inbox?q=Ratna");
    await openChat(page, { name: "Ratna Dewanti" });
    await expect(thread(page).getByRole("article").last()).toBeVisible();
  },
  "every kind of message": async ({ page, server, customer }) => {
    const first = await customer.writes("*tebal* _miring_ ~coret~ `kode`\n> kutipan\nhttps://example.org/");
    await customer.sends("image", { id: "901", mime_type: "image/jpeg", sha256: "x", caption: "foto" });
    await customer.sends("location", { latitude: -7.79, longitude: 110.36, name: "Malioboro" });
    await customer.sends("hologram", { depth: 3 });
    await customer.sends("reaction", { message_id: first, emoji: "👍" });
    await customer.writes("kutip", { reply_to: first });
    const gone = await customer.writes("hilang");
    await customer.sends("revoke", { original_message_id: gone });
    await open(page, "/inbox");
    await openChat(page, customer);
    await expect(bubble(page, "kutip").last()).toBeVisible();
    await server.sandbox.faults({ account: DEMO_NUMBER, fail_status: 131_026, times: 1 });
    await answer(page, "tidak sampai");
    await status(bubble(page, "tidak sampai"), "failed");
    await server.sandbox.faults({ account: DEMO_NUMBER, lost_answer: true, mute: true });
    await answer(page, "entah");
    await status(bubble(page, "entah"), "unknown");
    await server.sandbox.clearFaults();
    await bubble(page, "kutip").last().hover();
    await bubble(page, "kutip").last().getByRole("button", { name: "Reply" }).click();
    await composer(page).fill("x".repeat(4100));
    await expect(page.getByText("4 characters too many")).toBeVisible();
  },
  "a closed window": async ({ page, customer }) => {
    await customer.writes("Kemarin", { timestamp: Math.floor(Date.now() / 1000) - 25 * 3600 });
    await open(page, `/inbox?q=${encodeURIComponent(customer.name)}`);
    await openChat(page, customer);
    await expect(page.getByText(/More than 24 hours/)).toBeVisible();
  },
  "the details": async ({ page, customer }) => {
    await open(page, "/inbox");
    await chat(page, customer);
    const panel = page.getByRole("complementary", { name: "Details" });
    if (!(await panel.isVisible())) {
      await page.getByRole("button", { name: "Details" }).click();
    }
    await expect(panel).toBeVisible();
  },
  contacts: async ({ page }) => {
    await open(page, "/contacts");
    await expect(page.getByRole("main").getByRole("listitem").first()).toBeVisible();
  },
  numbers: async ({ page }) => {
    await open(page, "/accounts");
    await expect(page.getByRole("main").getByRole("link", { name: /Toko Melati/ })).toBeVisible();
  },
  "a number": async ({ page }) => {
    await open(page, "/accounts");
    await page.getByRole("main").getByRole("link", { name: /Toko Melati/ }).click();
    await expect(page.getByText("Webhook at Meta")).toBeVisible();
  },
  "deleting a number": async ({ page }) => {
    await open(page, "/accounts");
    await page.getByRole("main").getByRole("link", { name: /Toko Melati/ }).click();
    await page.getByRole("button", { name: "Delete this number" }).click();
    await expect(page.getByRole("dialog", { name: "Delete this number" })).toBeVisible();
  },
  "connecting a number, with mistakes": async ({ page }) => {
    await open(page, "/accounts/new");
    await page.getByRole("button", { name: "Save and connect" }).click();
    await expect(page.getByText("Please fill this in.").first()).toBeVisible();
  },
  "connecting a number through a gateway": async ({ page }) => {
    await open(page, "/accounts/new");
    await page.getByRole("radio", { name: /^Gateway/ }).check();
    await page.getByRole("button", { name: "Test connection" }).click();
    await expect(page.getByText("Please fill this in.").first()).toBeVisible();
  },
  "selected numbers": async ({ page }) => {
    await open(page, "/accounts");
    await page.getByRole("checkbox", { name: "Select all" }).check();
    await expect(page.getByRole("region", { name: "Selected numbers" })).toBeVisible();
  },
  "deleting selected numbers": async ({ page }) => {
    await open(page, "/accounts");
    await page.getByRole("checkbox", { name: "Select all" }).check();
    await page.getByRole("region", { name: "Selected numbers" }).getByRole("button", { name: "Delete" }).click();
    await expect(page.getByRole("dialog", { name: "Delete" })).toBeVisible();
  },
  members: async ({ page }) => {
    await open(page, "/members");
    await expect(page.getByRole("main").getByRole("listitem").first()).toBeVisible();
  },
  "adding a member, with mistakes": async ({ page }) => {
    await open(page, "/members");
    await page.getByRole("button", { name: "Add a member" }).click();
    const dialog = page.getByRole("dialog", { name: "Add a member" });
    await dialog.getByRole("button", { name: "Add a member" }).click();
    await expect(dialog.getByText("Please fill this in.").first()).toBeVisible();
  },
  "deactivating a member": async ({ page }) => {
    await open(page, "/members");
    const tile = page.getByRole("main").getByRole("listitem").filter({ hasText: NAMES.agent });
    await tile.getByRole("button", { name: "Deactivate" }).click();
    await expect(page.getByRole("dialog", { name: "Deactivate" })).toBeVisible();
  },
  "putting off, with mistakes": async ({ page, customer }) => {
    await customer.writes("besok saja");
    await open(page, "/inbox");
    await openChat(page, customer);
    const details = page.getByRole("complementary", { name: "Details" });
    if (!(await details.isVisible())) {
      await page.getByRole("button", { name: "Details" }).click();
    }
    await details.getByRole("button", { name: "Put off" }).click();
    await details.getByRole("button", { name: "Until another time…" }).click();
    await details.getByLabel("Date and time").fill("2020-01-01T10:00");
    await details.locator("form").getByRole("button", { name: "Put off" }).click();
    await expect(details.getByText("This moment has passed.")).toBeVisible();
    await details.getByRole("button", { name: "Put off", exact: true }).first().click();
    await expect(details.getByRole("button", { name: "For an hour" })).toBeVisible();
  },
  labels: async ({ page }) => {
    await label(page, "Retur");
    await expect(page.getByRole("main").getByRole("listitem").first()).toBeVisible();
  },
  "making a label, with mistakes": async ({ page }) => {
    await open(page, "/labels");
    await page.getByRole("button", { name: "New label" }).click();
    const dialog = page.getByRole("dialog", { name: "New label" });
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(dialog.getByText("Please fill this in.")).toBeVisible();
  },
  "deleting a label": async ({ page }) => {
    await label(page, "Tagihan");
    await page.getByRole("button", { name: "Delete label Tagihan" }).first().click();
    await expect(page.getByRole("dialog", { name: "Delete label" })).toContainText("No conversation bears it.");
  },
  "the shortcuts": async ({ page }) => {
    await open(page, "/inbox");
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  },
  "the palette": async ({ page }) => {
    await open(page, "/inbox");
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("dialog").getByRole("option").first()).toBeVisible();
  },
  "the palette without a hit": async ({ page }) => {
    await open(page, "/inbox");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("combobox").fill("nothing-like-this");
    await expect(page.getByText("Nothing of that name.")).toBeVisible();
  },
  "the preferences": async ({ page }) => {
    await open(page, "/inbox");
    await preferences(page);
  },
  "a missing page": async ({ page }) => {
    await open(page, "/nope");
    await expect(page.getByText("There is no such page")).toBeVisible();
  },
  "a missing conversation": async ({ page }) => {
    await open(page, "/inbox/0198c0de-0000-7000-8000-00000000dead");
    await expect(page.getByText("This conversation is not here")).toBeVisible();
  },
  "every piece of the kit": async ({ page }) => {
    await open(page, "/kit");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  },
  "a conversation after a note": async ({ page, customer }) => {
    await open(page, "/members");
    await customer.writes("x");
    await page.getByRole("link", { name: "Inbox", exact: true }).click();
    await expect(row(page, customer)).toBeVisible();
  },
  "the sign-in": async ({ page }) => {
    await page.context().clearCookies({ name: "balas_session" });
    await open(page, "/sign-in");
  },
  "a refused sign-in": async ({ page }) => {
    await page.context().clearCookies({ name: "balas_session" });
    await open(page, "/sign-in");
    await page.getByLabel("E-mail").fill("nobody@demo.test");
    await page.getByLabel("Password", { exact: true }).fill("not-the-password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("alert")).toBeVisible();
  },
};

const SIZES = { "at a desk": { width: 1280, height: 800 }, "on a phone": { width: 390, height: 844 } };

for (const [where, viewport] of Object.entries(SIZES)) {
  test.describe(where, () => {
    // Without motion nothing is looked at while it fades in.
    test.use({ viewport, colorScheme: "light", contextOptions: { reducedMotion: "reduce" } });

    test.beforeEach(({ quiet }) => {
      quiet.allow(/Failed to load resource: the server responded with a status of (401|404)/);
    });

    const names = Object.keys(SCREENS);
    // In eight parts, so that the workers share them evenly.
    for (const part of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const screens = names.filter((_, at) => at % 8 === part);
      test(`axe finds nothing, light or dark, on ${screens.join(", ")}`, async ({ page, server, signIn }) => {
        test.setTimeout(120_000);
        for (const name of screens) {
          await test.step(name, async () => {
            await signIn(page, "owner");
            await SCREENS[name]?.({ page, server, customer: server.customer() });
            expect.soft(await violations(page), name).toEqual([]);
            expect.soft(await seenInTheDark(page), `${name}, dark`).toEqual([]);
          });
        }
      });
    }
  });
}
