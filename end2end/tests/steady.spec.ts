// What one is at stays as it is while other things come and go around it.

import { bubble, chat, open, openChat, row, rows, thread } from "./support/screens.js";
import { expect, test } from "./support/test.js";

/** WhatsApp's clock shows seconds: within one nobody is first. */
async function laterSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  await expect.poll(() => Math.floor(Date.now() / 1000)).toBeGreaterThan(second);
}

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
});

test("older messages leave those that are there untouched, and whoever has the focus keeps it", async ({ page }) => {
  await open(page, "/inbox?q=Ratna");
  await openChat(page, { name: "Ratna Dewanti" });
  const messages = thread(page).getByRole("article");
  await expect(messages).toHaveCount(50);
  const first = (await messages.first().getAttribute("id")) ?? "";
  const reply = page.locator(`[id="${first}"]`).getByRole("button", { name: "Reply" });
  await thread(page).evaluate((scroller) => {
    for (const message of scroller.querySelectorAll("article")) message.setAttribute("data-same", "");
    let taken = 0;
    new MutationObserver((changes) => {
      const gone = changes.flatMap((change) => [...change.removedNodes]);
      taken += gone.filter((node) => node.nodeName === "ARTICLE").length;
      scroller.setAttribute("data-taken", String(taken));
    }).observe(scroller, { childList: true, subtree: true });
  });
  // That comes near the beginning, and older ones come.
  await reply.focus();
  await expect.poll(() => messages.count()).toBeGreaterThan(50);
  await expect(thread(page).locator("article[data-same]")).toHaveCount(50);
  await expect(thread(page)).toHaveAttribute("data-taken", "0");
  await expect(reply).toBeFocused();
});

test("a voice message plays on while the customer writes on", async ({ page, customer }) => {
  await open(page, "/inbox");
  await chat(page, customer);
  await customer.sendsFile({ kind: "voice" });
  await thread(page).getByRole("button", { name: "Play" }).click();
  const player = thread(page).locator("article").filter({ has: page.getByRole("slider", { name: "Position" }) });
  await player.evaluate((article) => article.setAttribute("data-same", ""));
  await expect(player).toHaveAttribute("data-last", "");
  await customer.writes("Sudah didengar?");
  await expect(bubble(page, "Sudah didengar?")).toBeVisible();
  await expect(player).not.toHaveAttribute("data-last", "");
  await expect(player).toHaveAttribute("data-same", "");
});

test("whoever stands on a conversation in the list stays there while it and others come up", async ({ page, server }) => {
  await open(page, "/inbox");
  const [one, other] = [server.customer(), server.customer()];
  await one.writes("Satu");
  await laterSecond();
  await other.writes("Dua");
  await expect(rows(page).first()).toContainText("Dua");
  await row(page, one).focus();
  await expect(row(page, one)).toBeFocused();
  await laterSecond();
  await other.writes("Tiga");
  await expect(rows(page).first()).toContainText("Tiga");
  await expect(row(page, one)).toBeFocused();
  // It comes up itself.
  await laterSecond();
  await one.writes("Empat");
  await expect(rows(page).first()).toContainText("Empat");
  await expect(row(page, one)).toBeFocused();
});
