// WhatsApp does not do what it should: the page says what happened and what can be done.

import { answer, bubble, chat, composer, open, openChat, status } from "./support/screens.js";
import { DEMO_NUMBER } from "./support/sandbox.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
});

test("a recipient who cannot be reached: the reason in words, and sending again works", async ({
  page,
  server,
  customer,
}) => {
  await chat(page, customer);
  await server.sandbox.faults({ account: DEMO_NUMBER, fail_status: 131_026, times: 1 });
  await answer(page, "Sampai di rumah?");
  const mine = bubble(page, "Sampai di rumah?");
  await status(mine, "failed");
  await expect(mine).toContainText("Not sent: This recipient cannot be reached on WhatsApp.");
  await mine.getByRole("button", { name: "Send again" }).click();
  await status(mine, "sent", "delivered", "read");
  await expect(mine).not.toContainText("Not sent");
  await expect(mine).toHaveCount(1);
});

test("a hiccup is tried again by itself", async ({ page, server, customer }) => {
  await chat(page, customer);
  await server.sandbox.faults({ account: DEMO_NUMBER, status: 503, times: 1 });
  await answer(page, "Coba lagi sendiri");
  await status(bubble(page, "Coba lagi sendiri"), "delivered", "read");
  expect(await customer.texts()).toEqual(["Coba lagi sendiri"]);
});

test("a lost answer is unclear at first, settled by the receipt, and never sent twice", async ({
  page,
  server,
  customer,
}) => {
  await chat(page, customer);
  await server.sandbox.faults({ account: DEMO_NUMBER, lost_answer: true, mute: true });
  await answer(page, "Sudah sampai?");
  const mine = bubble(page, "Sudah sampai?");
  await status(mine, "unknown");
  await expect(mine).toContainText("WhatsApp did not answer in time. The message may have arrived");
  await expect(mine.getByRole("button", { name: "Send again" })).toHaveCount(0);
  await server.sandbox.clearFaults();
  await status(mine, "delivered", "read");
  await expect(mine).not.toContainText("WhatsApp did not answer in time");
  expect(await customer.texts()).toEqual(["Sudah sampai?"]);
});

test("what WhatsApp refuses says so and can be sent again", async ({ page, server, customer }) => {
  await chat(page, customer);
  await server.sandbox.faults({ account: DEMO_NUMBER, code: 131_051, times: 1 });
  await answer(page, "Ditolak");
  const mine = bubble(page, "Ditolak");
  await status(mine, "failed");
  await expect(mine).toContainText("WhatsApp does not accept this message.");
  await mine.getByRole("button", { name: "Send again" }).click();
  await status(mine, "delivered", "read");
});

test("more than a day after the customer wrote the composer says so, and opens when he writes", async ({
  page,
  customer,
}) => {
  const yesterday = Math.floor(Date.now() / 1000) - 25 * 3600;
  await customer.writes("Kemarin", { timestamp: yesterday });
  await page.getByRole("searchbox").fill(customer.name);
  await openChat(page, customer);
  await expect(page.getByText(/More than 24 hours have passed since the customer last wrote/)).toBeVisible();
  await composer(page).fill("Terlambat");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeDisabled();
  await composer(page).press("Enter");
  await expect(composer(page)).toHaveValue("Terlambat");
  await customer.writes("Saya kembali");
  await expect(page.getByText(/The customer can be answered freely for another/)).toBeVisible();
  await composer(page).press("Enter");
  await expect(bubble(page, "Terlambat")).toBeVisible();
  await expect.poll(() => customer.texts()).toEqual(["Terlambat"]);
});

test.describe("a number that WhatsApp no longer lets in", () => {
  test.use({ isolated: true });

  test("is said in the composer with a link to it, and what waits goes after it is back", async ({
    page,
    other,
    server,
    customer,
  }) => {
    await chat(page, customer);
    await server.sandbox.faults({ account: DEMO_NUMBER, code: 190 });
    await answer(page, "Masih menunggu");
    await expect(page.getByText("The number Toko Melati is not connected.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Send", exact: true })).toBeDisabled();
    await expect(page.getByRole("link", { name: "Look at the number" })).toHaveAttribute("href", /^\/accounts\//);
    await status(bubble(page, "Masih menunggu"), "queued");

    const owner = await other("owner");
    await open(owner, "/accounts");
    const tile = owner.getByRole("main").getByRole("link", { name: /Toko Melati/ });
    await expect(tile).toContainText("Needs attention");
    await expect(tile).toContainText("Meta no longer accepts this account's access token");
    await tile.click();
    await server.sandbox.clearFaults();
    await owner.getByRole("button", { name: "Try again" }).click();
    await expect(owner.getByText("Connected", { exact: true })).toBeVisible();
    await expect(page.getByText("The number Toko Melati is not connected.")).toHaveCount(0);
    await expect.poll(() => customer.texts(), { timeout: 30_000 }).toEqual(["Masih menunggu"]);
  });
});
