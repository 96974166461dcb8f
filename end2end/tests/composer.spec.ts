// Where answers are written: drafts, lengths, keys.

import { answer, bubble, chat, composer, open, openChat, row } from "./support/screens.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
});

test("each conversation keeps its own draft, also over a reload", async ({ page, server, customer }) => {
  const second = server.customer();
  await chat(page, customer);
  await composer(page).fill("Untuk yang pertama");
  await chat(page, second);
  await expect(composer(page)).toHaveValue("");
  await composer(page).fill("Untuk yang kedua");
  await openChat(page, customer);
  await expect(composer(page)).toHaveValue("Untuk yang pertama");
  // Drafts are remembered when the typing pauses.
  const drafts = (): Promise<string[]> =>
    page.evaluate(() =>
      Object.keys(localStorage)
        .filter((key) => key.startsWith("balas.draft."))
        .map((key) => (JSON.parse(localStorage.getItem(key) ?? "{}") as { text: string }).text),
    );
  await expect.poll(drafts).toEqual(expect.arrayContaining(["Untuk yang pertama", "Untuk yang kedua"]));
  await page.reload();
  await expect(composer(page)).toHaveValue("Untuk yang pertama");
  await openChat(page, second);
  await expect(composer(page)).toHaveValue("Untuk yang kedua");
});

test("a draft that was left at once is not lost", async ({ page, server, customer }) => {
  const second = server.customer();
  await second.writes("Halo");
  await chat(page, customer);
  await composer(page).fill("Cepat pindah");
  await row(page, second).click();
  await expect(page.getByRole("heading", { level: 2, name: second.name })).toBeVisible();
  await openChat(page, customer);
  await expect(composer(page)).toHaveValue("Cepat pindah");
});

test("the last letter before a reload is not lost", async ({ page, customer }) => {
  await chat(page, customer);
  await composer(page).pressSequentially("Setengah ka");
  await page.reload();
  await expect(composer(page)).toHaveValue("Setengah ka");
});

test("the list tells of drafts, but not of the one that is being written", async ({ page, server, customer }) => {
  const second = server.customer();
  await second.writes("Halo juga");
  await chat(page, customer, "Ada stok?");
  await composer(page).fill("Ada, *dua* lagi");
  await expect(row(page, customer)).toContainText("Ada stok?");
  await openChat(page, second);
  await expect(row(page, customer)).toContainText("Draft: Ada, *dua* lagi");
  await expect(row(page, customer)).not.toContainText("Ada stok?");
  await expect(row(page, second)).toContainText("Halo juga");

  // Another tab of the same browser tells of it too, other people's do not.
  const tab = await page.context().newPage();
  await open(tab, "/inbox");
  await expect(row(tab, customer)).toContainText("Draft: Ada, *dua* lagi");
  await openChat(page, customer);
  await composer(page).fill("");
  await expect(row(tab, customer)).toContainText("Ada stok?");
  await expect(row(tab, customer)).not.toContainText("Draft:");
});

test("a note that was begun comes back as a note", async ({ page, server, customer }) => {
  const second = server.customer();
  await second.writes("Halo");
  await chat(page, customer);
  await page.getByRole("button", { name: "Write a note" }).click();
  const note = page.getByRole("textbox", { name: "Note" });
  await note.pressSequentially("Jangan beri diskon");
  await page.reload();
  await expect(note).toHaveValue("Jangan beri diskon");
  await openChat(page, second);
  await row(page, customer).click();
  await expect(note).toHaveValue("Jangan beri diskon");
});

test("what was sent leaves no draft", async ({ page, customer }) => {
  await chat(page, customer);
  await answer(page, "Sudah dikirim");
  await expect(composer(page)).toHaveValue("");
  await page.reload();
  await expect(bubble(page, "Sudah dikirim")).toBeVisible();
  await expect(composer(page)).toHaveValue("");
});

test("Enter sends, Shift+Enter begins a new line", async ({ page, customer }) => {
  await chat(page, customer);
  await composer(page).pressSequentially("Satu");
  await composer(page).press("Shift+Enter");
  await composer(page).pressSequentially("Dua");
  await expect(composer(page)).toHaveValue("Satu\nDua");
  await composer(page).press("Enter");
  await expect(composer(page)).toHaveValue("");
  await expect.poll(() => customer.texts()).toEqual(["Satu\nDua"]);
  await expect(bubble(page, /Satu\s*Dua/).locator("br")).toHaveCount(1);
});

test("the button sends too, and blanks alone are nothing to send", async ({ page, customer }) => {
  await chat(page, customer);
  const send = page.getByRole("button", { name: "Send", exact: true });
  await expect(send).toBeDisabled();
  await composer(page).fill("  \n ");
  await expect(send).toBeDisabled();
  await composer(page).press("Enter");
  await composer(page).fill("  Rapi  ");
  await send.click();
  await expect.poll(() => customer.texts()).toEqual(["Rapi"]);
  await expect(composer(page)).toBeFocused();
});

test("4096 characters are the limit, counted as people count them", async ({ page, customer }) => {
  await chat(page, customer);
  const send = page.getByRole("button", { name: "Send", exact: true });
  await composer(page).fill("x".repeat(4000));
  await expect(page.getByText("96 characters left")).toBeVisible();
  await composer(page).fill("x".repeat(4099));
  await expect(page.getByText("3 characters too many")).toBeVisible();
  await expect(send).toBeDisabled();
  await composer(page).press("Enter");
  await expect(composer(page)).toHaveValue("x".repeat(4099));
  // Outside of the basic plane one character is two of JavaScript's.
  const text = "😀".repeat(4096);
  await composer(page).fill(text);
  await expect(page.getByText("0 characters left")).toBeVisible();
  await send.click();
  await expect.poll(() => customer.texts()).toEqual([text]);
});

test("the field grows with its text and shrinks again", async ({ page, customer }) => {
  await chat(page, customer);
  const height = async (): Promise<number> => (await composer(page).boundingBox())?.height ?? 0;
  const one = await height();
  await composer(page).fill("a\nb\nc\nd");
  expect(await height()).toBeGreaterThan(one + 40);
  await composer(page).fill("a\n".repeat(200));
  expect(await height()).toBeLessThan(300);
  await composer(page).fill("");
  expect(await height()).toBe(one);
});

test("a refused text comes back with the reason", async ({ page, quiet, server, customer }) => {
  quiet.allow(/Failed to load resource: the server responded with a status of 500/);
  await chat(page, customer);
  await page.route("**/api/ui/send_message", (route) =>
    route.fulfill({
      status: 500,
      contentType: "application/json",
      headers: { serverfnerror: `${server.url}/api/ui/send_message` },
      body: JSON.stringify({ refused: { code: "too_long", text: "too long" } }),
    }),
  );
  await composer(page).fill("Kembali ke saya");
  await composer(page).press("Enter");
  await expect(page.getByText("The message was not sent; its text is back in the composer.")).toBeVisible();
  await expect(composer(page)).toHaveValue("Kembali ke saya");
  await expect(bubble(page, "Kembali ke saya")).toHaveCount(0);
});
