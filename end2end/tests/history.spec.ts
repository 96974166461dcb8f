// What was said on a phone before it was linked: comes over, is seen to come, and stays quiet.

import { violations } from "./support/axe.js";
import { connectGateway } from "./support/gateway.js";
import { bubble, list, open, rows } from "./support/screens.js";
import { expect, test } from "./support/test.js";

const PHONE = "628112222444";

test.describe("the past of a phone", () => {
  test.use({ isolated: true });

  test("comes over while one looks, can be put away, and is found on the number's page", async ({
    page,
    server,
    signIn,
    other,
  }) => {
    test.slow();
    await server.sandbox.past({ phone: PHONE, chats: 130, groups: 6, messages: 40 });
    await signIn(page, "owner");
    const device = await connectGateway(page, server, `+${PHONE}`);

    // A colleague has the inbox open.
    const colleague = await other("agent");
    await open(colleague, "/inbox");
    await server.sandbox.scan(device, PHONE);
    const bar = list(colleague).getByRole("list", { name: "Chats that are being brought over" });
    await expect(bar.getByText(/^Syncing chats… \d+\/136 \(\d+%\)$/)).toBeVisible();
    await bar.getByRole("button", { name: "Hide this" }).click();
    await expect(bar.getByRole("listitem")).toHaveCount(0);
    await expect(rows(colleague).filter({ hasText: "(40)" }).first()).toBeVisible();

    // All is here.
    const all = page.getByText(/^(All chats are here; looking whether more come…|5440 messages were brought over\.)/);
    await expect(all).toBeVisible({ timeout: 60_000 });
    expect(await violations(page)).toEqual([]);

    // Nothing of it is unread.
    await colleague.getByLabel("Number", { exact: true }).selectOption({ label: "Gudang" });
    await expect(rows(colleague).first()).toContainText("(40)");
    await expect(list(colleague).locator("a.row[data-unread]")).toHaveCount(0);
    await rows(colleague).first().click();
    await expect(bubble(colleague, "(40)")).toBeVisible();
  });

  test("that could not come over says why, and is tried again", async ({ page, server, signIn }) => {
    await server.sandbox.past({ phone: PHONE, chats: 3, groups: 0, messages: 2 });
    await server.sandbox.faults({ account: PHONE, calls: "chats", status: 400 });
    await signIn(page, "owner");
    const device = await connectGateway(page, server, `+${PHONE}`);
    await server.sandbox.scan(device, PHONE);
    await open(page, "/inbox");
    const bar = list(page).getByRole("list", { name: "Chats that are being brought over" });
    await expect(bar.getByText("Bringing the chats over failed.")).toBeVisible();
    await expect(bar.getByText(/^The gateway refuses/)).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await server.sandbox.faults({ account: PHONE });
    await bar.getByRole("link", { name: "Look at the number" }).click();
    await page.getByRole("button", { name: "Fetch the history" }).click();
    await expect(page.getByText("The history could not be brought over:")).toHaveCount(0);
    await open(page, "/inbox");
    await expect(bar.getByText("Bringing the chats over failed.")).toHaveCount(0);
    await expect(rows(page).filter({ hasText: "(2)" })).toHaveCount(3);
  });
});
