// What a message can be: quotes, reactions, edits, cards, formatting – and hostile texts that stay texts.

import { type Page } from "@playwright/test";

import { answer, bubble, chat, composer, open, openChat, row, status, thread } from "./support/screens.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
});

test("an answer quotes the message that it answers, on the phone too", async ({ page, server, customer }) => {
  const asked = await customer.writes("Ada warna hijau?");
  await openChat(page, customer);
  const question = bubble(page, "Ada warna hijau?").first();
  await question.hover();
  await question.getByRole("button", { name: "Reply" }).click();
  await expect(page.getByText(`Reply to ${customer.name}`)).toBeVisible();
  await expect(composer(page)).toBeFocused();
  await answer(page, "Hijau botol masih ada");
  await expect(page.getByText(`Reply to ${customer.name}`)).toHaveCount(0);

  const mine = bubble(page, "Hijau botol masih ada");
  await expect(mine.getByRole("button", { name: "Ada warna hijau?" })).toBeVisible();
  await expect.poll(async () => (await server.sandbox.sent(customer.number)).map((m) => m.reply_to)).toEqual([asked]);
});

test("Escape takes the quote away and leaves the text", async ({ page, customer }) => {
  await chat(page, customer);
  await bubble(page, "Halo, masih buka?").hover();
  await page.getByRole("button", { name: "Reply" }).click();
  await composer(page).fill("Buka kok");
  await composer(page).press("Escape");
  await expect(page.getByText(`Reply to ${customer.name}`)).toHaveCount(0);
  await expect(composer(page)).toHaveValue("Buka kok");
});

test("a customer's quote leads to the quoted message", async ({ page, customer }) => {
  const first = await customer.writes("Pesanan pertama");
  for (let n = 0; n < 30; n += 1) {
    await customer.writes(`Baris ${n}\nlagi\nlagi`);
  }
  await customer.writes("Soal yang ini", { reply_to: first });
  await openChat(page, customer);
  const original = thread(page).getByRole("article").filter({ hasText: "Pesanan pertama" }).first();
  await expect(original).not.toBeInViewport();
  await bubble(page, "Soal yang ini").getByRole("button", { name: "Pesanan pertama" }).click();
  await expect(original).toBeInViewport();
});

test("a reaction of the customer appears, changes and goes", async ({ page, customer }) => {
  const id = await customer.writes("Terima kasih ya");
  await openChat(page, customer);
  const message = bubble(page, "Terima kasih ya");
  await customer.sends("reaction", { message_id: id, emoji: "👍" });
  await expect(message.getByRole("button", { name: `${customer.name} reacted 👍` })).toBeVisible();
  await customer.sends("reaction", { message_id: id, emoji: "❤️" });
  await expect(message.getByRole("button", { name: /reacted/ })).toHaveCount(1);
  await expect(message.getByRole("button", { name: `${customer.name} reacted ❤️` })).toBeVisible();
  await customer.sends("reaction", { message_id: id, emoji: "" });
  await expect(message.getByRole("button", { name: /reacted/ })).toHaveCount(0);
});

test("a reaction to our answer appears at it", async ({ page, server, customer }) => {
  await chat(page, customer);
  await answer(page, "Sampai besok!");
  await status(bubble(page, "Sampai besok!"), "sent", "delivered", "read");
  const [sent] = await server.sandbox.sent(customer.number);
  await customer.sends("reaction", { message_id: sent?.id, emoji: "🙏" });
  await expect(bubble(page, "Sampai besok!").getByRole("button", { name: `${customer.name} reacted 🙏` })).toBeVisible();
});

test("an edited message shows its new text and says so", async ({ page, customer }) => {
  const id = await customer.writes("Alamat: Jl. Melati 5");
  await openChat(page, customer);
  await customer.sends("edit", {
    original_message_id: id,
    message: { type: "text", text: { body: "Alamat: Jl. Melati 15" } },
  });
  const message = bubble(page, "Alamat: Jl. Melati 15");
  await expect(message).toContainText("edited");
  await expect(bubble(page, /Melati 5\b/)).toHaveCount(0);
  await expect(row(page, customer)).toContainText("Alamat: Jl. Melati 15");
});

test("a message that the customer deletes is gone, and says so", async ({ page, customer }) => {
  const id = await customer.writes("Nomor kartu saya 1234");
  await openChat(page, customer);
  await expect(bubble(page, "Nomor kartu saya 1234")).toBeVisible();
  await customer.sends("revoke", { original_message_id: id });
  await expect(bubble(page, "The sender deleted this message")).toBeVisible();
  await expect(page.getByText("Nomor kartu saya 1234")).toHaveCount(0);
});

test("files that are not to be had keep their place, with kind, name and caption", async ({ page, customer }) => {
  await customer.sends("image", { id: "901", mime_type: "image/jpeg", sha256: "x", caption: "Ini *fotonya*" });
  await customer.sends("document", { id: "902", mime_type: "application/pdf", sha256: "x", filename: "Nota 17.pdf" });
  await customer.sends("audio", { id: "903", mime_type: "audio/ogg; codecs=opus", sha256: "x", voice: true });
  await customer.sends("sticker", { id: "904", mime_type: "image/webp", sha256: "x", animated: false });
  await openChat(page, customer);
  const photo = bubble(page, "Photo");
  await expect(photo).toContainText("WhatsApp does not have it any more");
  await expect(photo.locator("strong", { hasText: "fotonya" })).toBeVisible();
  await expect(bubble(page, "Nota 17.pdf")).toContainText("WhatsApp does not have it any more");
  await expect(bubble(page, "Voice message")).toBeVisible();
  await expect(bubble(page, "Sticker")).toBeVisible();
});

test("a place and a contact are cards; the map opens elsewhere without a trace", async ({ page, customer }) => {
  await customer.sends("location", { latitude: -7.79, longitude: 110.36, name: "Malioboro", address: "Yogyakarta" });
  await customer.sends("contacts", [{ name: { formatted_name: "Bu Tini" }, phones: [{ phone: "+62 811 1111" }] }]);
  await openChat(page, customer);
  const place = bubble(page, "Malioboro");
  const map = place.getByRole("link", { name: "Open map" });
  await expect(map).toHaveAttribute("target", "_blank");
  await expect(map).toHaveAttribute("rel", /noopener/);
  await expect(map).toHaveAttribute("href", /^https:\/\/www\.openstreetmap\.org\//);
  await expect(bubble(page, "Bu Tini")).toContainText("+62 811 1111");
});

test("what Balas does not know is kept and named", async ({ page, customer }) => {
  await customer.sends("hologram", { depth: 3 });
  await openChat(page, customer);
  await expect(bubble(page, "Cannot be shown here")).toContainText("hologram");
});

test("WhatsApp's marks become elements", async ({ page, customer }) => {
  await customer.writes("*tebal* _miring_ ~coret~ `kode` https://example.org/a?b=1");
  await openChat(page, customer);
  const message = bubble(page, "tebal");
  await expect(message.locator("strong")).toHaveText("tebal");
  await expect(message.locator("em")).toHaveText("miring");
  await expect(message.locator("s")).toHaveText("coret");
  await expect(message.locator("code")).toHaveText("kode");
  const link = message.getByRole("link", { name: "https://example.org/a?b=1" });
  await expect(link).toHaveAttribute("href", "https://example.org/a?b=1");
  await expect(link).toHaveAttribute("rel", /noopener.*noreferrer/);
  await expect(link).toHaveAttribute("target", "_blank");
});

test("markup in names and texts stays text", async ({ page, server }) => {
  const name = `<script>alert(1)</script><img src=x onerror=alert(2)>`;
  const text = `</script><script>alert(3)</script><svg onload=alert(4)> <a href="javascript:alert(5)">x</a> javascript:alert(6)`;
  const number = server.customer().number;
  await server.sandbox.receive({ from: number, name, text });
  await expect(row(page, { name })).toBeVisible();
  await openChat(page, { name });
  await expect(bubble(page, text)).toBeVisible();
  // Once more as the server writes it, data block included.
  await page.reload();
  await expect(bubble(page, text)).toBeVisible();
  await expect(page.getByRole("heading", { level: 2, name })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "");
  const strange = "script:not([src]):not([type='application/json']), img:not([src='/favicon.svg']), svg[onload]";
  await expect(page.locator(strange)).toHaveCount(0);
  await expect(page.locator("a[href^='javascript:']")).toHaveCount(0);
  // Dialogs and exceptions would be noise, which no test may make.
});

test("invisible and turning characters do no harm to the row", async ({ page, server }) => {
  const number = server.customer().number;
  await server.sandbox.receive({ from: number, name: "Budi \u202E\u2066gnp.exe\u0007", text: "\u202Ehalo\u0000 dunia" });
  const found = page.getByRole("link").filter({ hasText: "Budi" }).filter({ hasText: "gnp.exe" });
  await expect(found).toBeVisible();
  const shown = (await found.textContent()) ?? "";
  expect(shown).not.toMatch(/[\u0000-\u0008\u202A-\u202E\u2066-\u2069]/);
});

test("a very long text is shown whole and does not widen the page", async ({ page, customer }) => {
  const text = `${"panjang".repeat(500)} akhir`;
  await customer.writes(text);
  await openChat(page, customer);
  await expect(bubble(page, "akhir")).toContainText(text);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  expect(wide).toBe(false);
});

test("what cannot be shown is kept, for admins to look at", async ({ page, customer, other }) => {
  await customer.sends("hologram", { depth: 3 });
  await open(page, "/inbox");
  await row(page, customer).click();
  const kept = (page: Page) => bubble(page, "Cannot be shown here");
  await expect(kept(page)).toBeVisible();
  await expect(kept(page).getByRole("link", { name: "Show what came" })).toHaveCount(0);

  const admin = await other("owner");
  await open(admin, new URL(page.url()).pathname);
  const link = kept(admin).getByRole("link", { name: "Show what came" });
  await expect(link).toHaveAttribute("target", "_blank");
  const answer = await admin.request.get((await link.getAttribute("href")) ?? "");
  expect(await answer.json()).toMatchObject({ type: "hologram", hologram: { depth: 3 } });
});
