// Files in both directions: pictures, voice messages and documents come and are shown, are chosen, dropped and pasted, and
// arrive at the customer.

import { type Page } from "@playwright/test";

import { seenInTheDark, violations } from "./support/axe.js";
import { bubble, chat, composer, list, open, thread } from "./support/screens.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page);
  await open(page, "/inbox");
});

/** A picture of one colour, made by the browser. */
async function png(page: Page, width: number, height: number): Promise<Buffer> {
  const base64 = await page.evaluate(
    ([width, height]) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, height];
      const context = canvas.getContext("2d")!;
      context.fillStyle = "teal";
      context.fillRect(0, 0, width, height);
      return canvas.toDataURL("image/png").split(",")[1]!;
    },
    [width, height] as const,
  );
  return Buffer.from(base64, "base64");
}

const files = (page: Page) => page.locator("input#attach");

test("a customer's photo is shown with its words, in the room kept for it, and opened in full", async ({ page, customer }) => {
  await chat(page, customer);
  const base64 = (await png(page, 800, 400)).toString("base64");
  await customer.sendsFile({ kind: "image", mime: "image/png", base64, caption: "Yang ini?" });
  const message = bubble(page, "Yang ini?");
  const picture = message.getByRole("button", { name: /^Open the picture/ });
  await expect(picture).toBeVisible();
  const image = picture.locator("img");
  await expect(image).toHaveAttribute("width", "320");
  await expect(image).toHaveAttribute("height", "160");
  await expect.poll(() => image.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(640);
  expect(await violations(page)).toEqual([]);
  expect(await seenInTheDark(page)).toEqual([]);

  await picture.click();
  const viewer = page.getByRole("dialog", { name: "Picture" });
  await expect.poll(() => viewer.locator("img").evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(800);
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(viewer).toBeHidden();
  await expect(picture).toBeFocused();
});

test("a voice message has a player, a document a card with what it is", async ({ page, customer }) => {
  await chat(page, customer);
  await customer.sendsFile({ kind: "voice" });
  await expect(thread(page).getByRole("button", { name: "Play" })).toBeVisible();
  await expect(thread(page).getByRole("slider", { name: "Position" })).toBeVisible();
  const speed = thread(page).getByRole("button", { name: /^Speed/ });
  await speed.click();
  await expect(speed).toHaveText("1.5×");
  await customer.sendsFile({ kind: "document", file_name: "Invoice March.pdf" });
  const save = thread(page).getByRole("link", { name: "Save Invoice March.pdf" });
  await expect(save).toContainText("PDF · ");
  const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
  expect(download.suggestedFilename()).toBe("Invoice March.pdf");
  expect(await violations(page)).toEqual([]);
});

test("a film can be saved, and so can what the browser does not play", async ({ page, customer }) => {
  await chat(page, customer);
  await customer.sendsFile({ kind: "video" });
  // Its room is kept and its length told by what the server has found in it.
  const shown = thread(page).locator("video");
  await expect(shown).toHaveAttribute("width", /^[1-9]\d*$/);
  await expect(shown).toHaveAttribute("height", /^[1-9]\d*$/);
  await expect(thread(page).getByText("0:02", { exact: true })).toBeVisible();
  const save = thread(page).getByRole("link", { name: "Save Video" });
  const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
  expect(download.suggestedFilename()).toMatch(/\.mp4$/);

  const other = (start: string) => Buffer.from(`${start} nothing that anybody could play`, "latin1").toString("base64");
  await customer.sendsFile({ kind: "video", mime: "video/mp4", base64: other("\0\0\0\x18ftypmp42"), caption: "Rusak" });
  const film = bubble(page, "Rusak");
  await expect(film.locator("a.piece-file")).toHaveAccessibleName("Save Video");
  await expect(film.locator("video")).toHaveCount(0);

  await customer.sendsFile({ kind: "audio", mime: "audio/mpeg", base64: other("ID3\x04") });
  await thread(page).getByRole("button", { name: "Play" }).click();
  await expect(thread(page).getByText("This browser cannot play it. Save it to listen.")).toBeVisible();
  await expect(thread(page).getByRole("link", { name: "Save Audio" })).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test("a picture is seen and sent as a sticker", async ({ page, customer }) => {
  await chat(page, customer);
  await page.getByRole("button", { name: "Attach", exact: true }).click();
  await page.getByRole("group", { name: "Attach" }).getByRole("button", { name: "Sticker" }).click();
  const dialog = page.getByRole("dialog", { name: "Send a sticker" });
  const send = dialog.getByRole("button", { name: "Send" });
  const picture = dialog.getByLabel("Picture");
  await picture.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
  await expect(dialog.getByText("No sticker can be made of this file.")).toBeVisible();
  await expect(send).toBeDisabled();
  await picture.setInputFiles({ name: "kucing.png", mimeType: "image/png", buffer: await png(page, 600, 300) });
  await expect(dialog.getByRole("img", { name: "The sticker" })).toBeVisible();
  await expect(dialog.getByText("No sticker can be made of this file.")).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
  expect(await seenInTheDark(page)).toEqual([]);
  await send.click();
  await expect(dialog).toBeHidden();
  await expect.poll(() => customer.files()).toEqual([{ type: "sticker", voice: false, mime: "image/webp" }]);
  const image = thread(page).locator("[data-sticker] img");
  await expect.poll(() => image.evaluate((img: HTMLImageElement) => [img.naturalWidth, img.naturalHeight])).toEqual([512, 512]);
});

test("files that are chosen wait in a tray, and go out with what is written below the first", async ({ page, customer }) => {
  await chat(page, customer);
  await files(page).setInputFiles([
    { name: "gaun.png", mimeType: "image/png", buffer: await png(page, 600, 900) },
    { name: "daftar.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n1,2\n") },
    { name: "salah.txt", mimeType: "text/plain", buffer: Buffer.from("not this one") },
  ]);
  const tray = page.getByRole("list", { name: "Files to send" });
  await expect(tray.getByRole("listitem")).toHaveCount(3);
  expect(await violations(page)).toEqual([]);
  await tray.getByRole("button", { name: "Take out salah.txt" }).click();
  await composer(page).fill("Ini gaunnya, dan daftarnya");
  await composer(page).press("Enter");
  await expect(tray).toBeHidden();
  const photo = bubble(page, "Ini gaunnya, dan daftarnya");
  await expect(photo.getByRole("button", { name: /^Open the picture/ })).toBeVisible();
  await expect(photo).toHaveAttribute("data-status", "delivered");
  await expect(thread(page).getByRole("link", { name: "Save daftar.csv" })).toBeVisible();
  await expect.poll(() => customer.kinds()).toEqual(["image", "document"]);
});

test("words written with a sound are a message of their own, with others they stand below the first that takes them", async ({
  page,
  customer,
}) => {
  await chat(page, customer);
  const sound = { name: "lagu.mp3", mimeType: "audio/mpeg", buffer: Buffer.from("ID3\x04\0\0\0\0\0\0", "latin1") };
  await files(page).setInputFiles(sound);
  await composer(page).fill("Ini lagunya");
  await composer(page).press("Enter");
  await expect(bubble(page, "Ini lagunya")).toHaveAttribute("data-status", /^(sent|delivered|read)$/);
  await expect.poll(async () => (await customer.kinds()).sort()).toEqual(["audio", "text"]);
  expect((await customer.texts()).filter((text) => text !== "")).toEqual(["Ini lagunya"]);
  await expect(thread(page).getByRole("button", { name: "Play" })).toBeVisible();

  const table = { name: "daftar.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n1,2\n") };
  await files(page).setInputFiles([sound, table]);
  await composer(page).fill("Dan daftarnya");
  await composer(page).press("Enter");
  const below = bubble(page, "Dan daftarnya");
  await expect(below.getByRole("link", { name: "Save daftar.csv" })).toBeVisible();
  await expect.poll(async () => (await customer.kinds()).sort()).toEqual(["audio", "audio", "document", "text"]);
});

test("a file is sent by dropping it on the conversation, or by pasting it", async ({ page, customer }) => {
  await chat(page, customer);
  const dragged = (name: string) =>
    page.evaluateHandle((name) => {
      const data = new DataTransfer();
      data.items.add(new File(["dropped"], name, { type: "text/plain" }));
      return data;
    }, name);
  const data = await dragged("dropped.txt");
  await thread(page).dispatchEvent("dragenter", { dataTransfer: data });
  await expect(page.getByText(`Drop files here to send them to ${customer.name}`)).toBeVisible();
  await thread(page).dispatchEvent("drop", { dataTransfer: data });
  const tray = page.getByRole("list", { name: "Files to send" });
  await expect(tray).toContainText("dropped.txt");
  const below = await dragged("below.txt");
  await composer(page).dispatchEvent("dragover", { dataTransfer: below });
  await expect(page.getByText(`Drop files here to send them to ${customer.name}`)).toBeVisible();
  await composer(page).dispatchEvent("drop", { dataTransfer: below });
  await expect(tray).toContainText("below.txt");
  await expect(page.getByText("Drop files here")).toBeHidden();
  // Beside the conversation they go nowhere, and the browser does not leave the page to show them.
  const stays = await list(page).evaluate((element) => {
    const data = new DataTransfer();
    data.items.add(new File(["beside"], "beside.txt", { type: "text/plain" }));
    const more = { dataTransfer: data, bubbles: true, cancelable: true };
    return ["dragover", "drop"].every((kind) => !element.dispatchEvent(new DragEvent(kind, more)));
  });
  expect(stays).toBe(true);
  await composer(page).evaluate((area) => {
    const data = new DataTransfer();
    data.items.add(new File(["pasted"], "pasted.txt", { type: "text/plain" }));
    area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await expect(tray.getByRole("listitem")).toHaveCount(3);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect.poll(async () => (await customer.kinds()).length).toBe(3);
});

test("a file that WhatsApp would not take is refused before it is uploaded, unless it goes as a document", async ({
  page,
  customer,
}) => {
  await chat(page, customer);
  await page.evaluate(() => {
    const input = document.querySelector<HTMLInputElement>("input#attach")!;
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(17 * 1024 * 1024)], "film.mp4", { type: "video/mp4" }));
    input.files = data.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const refusal = page.getByText(/film\.mp4 has 17\.9 MB\. WhatsApp takes at most/);
  const tray = page.getByRole("list", { name: "Files to send" });
  await expect(refusal).toBeVisible();
  await expect(tray).toBeHidden();
  expect(await violations(page)).toEqual([]);

  const choice = page.getByRole("checkbox", { name: "Send as documents, unchanged" });
  await choice.check();
  await expect(tray).toContainText("film.mp4");
  await expect(refusal).toBeHidden();
  await choice.uncheck();
  await expect(tray).toBeHidden();
  await expect(refusal).toBeVisible();
  await page.getByRole("button", { name: "Take out film.mp4" }).click();
  await expect(choice).toBeHidden();
});

test("an upload shows how far it is, survives a lost line and can be cancelled", async ({ page, context, quiet, customer }) => {
  quiet.allow(/Failed to load resource.*\/api\/v1\/uploads\//);
  await chat(page, customer);
  let cut = true;
  // A line that broke half open still holds the file.
  let held = true;
  await page.route("**/api/v1/uploads/**", async (route) => {
    if (held && route.request().method() === "PUT") {
      held = false;
      await route.fulfill({ status: 409, json: { code: "upload_busy", detail: "a part of this file is just being written" } });
    } else if (cut && route.request().method() === "PUT" && route.request().url().includes("offset=1048576")) {
      await route.abort();
    } else {
      await route.continue();
    }
  });
  const buffer = Buffer.alloc(3 * 1024 * 1024, "x");
  await files(page).setInputFiles({ name: "besar.txt", mimeType: "text/plain", buffer });
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const message = bubble(page, "besar.txt");
  await expect(message.getByText("Uploading 33%")).toBeVisible();
  expect(held).toBe(false);
  cut = false;
  await expect(thread(page).getByRole("link", { name: "Save besar.txt" })).toBeVisible();
  await expect.poll(async () => (await customer.kinds()).length).toBe(1);

  cut = true;
  await files(page).setInputFiles({ name: "salah.txt", mimeType: "text/plain", buffer });
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const wrong = bubble(page, "salah.txt");
  await expect(wrong.getByText("Uploading 33%")).toBeVisible();
  await wrong.getByRole("button", { name: "Cancel the upload" }).click();
  await expect(wrong).toHaveCount(0);
  await context.unrouteAll();
});

test("an upload that was refused goes on where it stopped", async ({ page, context, quiet, customer }) => {
  quiet.allow(/Failed to load resource.*\/api\/v1\/uploads\//);
  await chat(page, customer);
  const asked: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith("/api/v1/uploads")) {
      const offset = url.searchParams.get("offset");
      asked.push(offset === null ? request.method() : `${request.method()} ${offset}`);
    }
  });
  let refuse = true;
  await page.route("**/api/v1/uploads/**", async (route) => {
    if (refuse && route.request().url().includes("offset=1048576")) {
      await route.fulfill({ status: 422, json: { code: "not_now", detail: "not now" } });
    } else {
      await route.continue();
    }
  });
  const buffer = Buffer.alloc(2 * 1024 * 1024, "x");
  await files(page).setInputFiles({ name: "lanjut.txt", mimeType: "text/plain", buffer });
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const message = bubble(page, "lanjut.txt");
  await expect(message.getByText("It was not sent: Not now.")).toBeVisible();
  refuse = false;
  await message.getByRole("button", { name: "Try again" }).click();
  await expect(thread(page).getByRole("link", { name: "Save lanjut.txt" })).toBeVisible();
  expect(asked).toEqual(["POST", "PUT 0", "PUT 1048576", "GET", "PUT 1048576"]);
  await context.unrouteAll();
});

test("a voice message is recorded, sent as one, and can be heard", async ({ page, customer }) => {
  await chat(page, customer);
  await page.getByRole("button", { name: "Record a voice message" }).click();
  await expect(page.getByRole("timer")).toContainText("0:02");
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Send the recording" }).click();
  await expect(thread(page).getByRole("button", { name: "Play" })).toBeVisible();
  // What stands in the player was read from the Ogg that the server made of it.
  await expect(thread(page).locator(".player-time")).toHaveText(/^0:(0[2-9]|[1-5][0-9])$/);
  await expect
    .poll(() => customer.files())
    .toEqual([{ type: "audio", voice: true, mime: expect.stringMatching(/^audio\/ogg/) }]);
  await thread(page).getByRole("button", { name: "Play" }).click();
  await expect(thread(page).getByRole("button", { name: "Pause" })).toBeVisible();

  // What is discarded goes nowhere.
  await page.getByRole("button", { name: "Record a voice message" }).click();
  await expect(page.getByRole("timer")).toContainText("0:01");
  await page.getByRole("button", { name: "Discard the recording" }).click();
  await expect(composer(page)).toBeVisible();
  expect(await customer.kinds()).toEqual(["audio"]);
});
