// With a virus scanner: what waits for it says so, what it finds is held back, in both directions.

import { seenInTheDark, violations } from "./support/axe.js";
import { Clamd, FOUND, HARM } from "./support/clamd.js";
import { chat, open, thread } from "./support/screens.js";
import { Server } from "./support/server.js";
import { expect, test as base } from "./support/test.js";

const test = base.extend<{ clamd: Clamd }>({
  clamd: async ({}, use) => {
    const clamd = await Clamd.prepare();
    await use(clamd);
    await clamd.remove();
  },
  server: async ({ clamd }, use) => {
    const server = await Server.start(clamd.settings);
    await use(server);
    await server.remove();
  },
});

const harmful = (): Buffer => Buffer.from(`%PDF-1.4\n${" ".repeat(10_000)}${HARM}\n`);

test("a file waits for the scanner and says so; what is harmful is held back and never sent", async ({
  page,
  quiet,
  customer,
  clamd,
  signIn,
}) => {
  await signIn(page);
  await open(page, "/inbox");
  await chat(page, customer);
  const base64 = harmful().toString("base64");
  await customer.sendsFile({ kind: "document", mime: "application/pdf", file_name: "Tagihan.pdf", base64 });
  await expect(thread(page).getByText("Being checked for viruses")).toBeVisible();
  expect(await violations(page)).toEqual([]);

  await clamd.up();
  await expect(thread(page).getByText(`Held back: the virus scanner found ${FOUND} in it`)).toBeVisible();
  await expect(thread(page).getByText("Being checked for viruses")).toBeHidden();
  await expect(thread(page).getByRole("link", { name: /^Save/ })).toBeHidden();
  expect(await violations(page)).toEqual([]);
  expect(await seenInTheDark(page)).toEqual([]);

  quiet.allow(/Failed to load resource.*\/api\/v1\//);
  const input = page.locator("input#attach");
  await input.setInputFiles({ name: "penawaran.pdf", mimeType: "application/pdf", buffer: harmful() });
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(page.getByText(/the virus scanner found something harmful in it/)).toBeVisible();
  await input.setInputFiles({ name: "daftar.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n1,2\n") });
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect.poll(() => customer.kinds()).toEqual(["document"]);
  await expect(thread(page).getByRole("link", { name: "Save daftar.csv" })).toBeVisible();
});
