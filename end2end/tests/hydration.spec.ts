// The page that the server wrote is the page that the program takes over: nothing jumps, nothing changes.

import { writeFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { differences } from "./support/pictures.js";
import { ready, row, rows } from "./support/screens.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn }) => {
  await signIn(page, "owner");
  // The first visit tells the server the zone of the browser.
  await page.goto("/inbox");
  await ready(page);
  await expect(rows(page).first()).toBeVisible();
});

/** Collects layout shifts from the very beginning of each page. */
async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const found: string[] = [];
    Object.assign(window, { shifts: found });
    new PerformanceObserver((entries) => {
      for (const entry of entries.getEntries() as (PerformanceEntry & {
        value: number;
        sources: { node: Node | null }[];
      })[]) {
        const where = entry.sources.map(({ node }) => (node instanceof Element ? node.className || node.tagName : "?"));
        found.push(`${entry.value.toFixed(4)} ${where.join(", ")}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

/** What moved. A clock's own word may change at any time, when its minute ends. */
const shifts = async (page: Page): Promise<string[]> => {
  const found = await page.evaluate(() => (window as unknown as { shifts: string[] }).shifts);
  return found.filter((shift) => !/^[\d.]+ TIME$/.test(shift));
};

/** Waits until what was drawn last has been painted, and reported. */
const painted = (page: Page): Promise<void> =>
  page.evaluate(
    () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))),
  );

/** Loads a page with the program held back; `release` lets it start. */
async function loadWithoutProgram(page: Page, path: string): Promise<() => void> {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(path, { waitUntil: "domcontentloaded" });
  return release;
}

/** The words of the page, without those that tell the time. */
const words = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const copy = document.body.cloneNode(true) as HTMLElement;
    for (const time of copy.querySelectorAll("time, dd, .window")) {
      time.remove();
    }
    return copy.innerText.replace(/\s+/g, " ").trim();
  });

const PAGES = ["/inbox", "/inbox?unread=1", "a conversation", "/accounts", "/accounts/new", "/members", "/contacts", "/labels"];

/** What the server wrote, and what the program makes of it. */
async function takeOver(page: Page, path: string): Promise<{ told: string[]; seen: Buffer[] }> {
  // When someone was first seen is fetched after the page; there is room for it.
  const style = ".facts > div:last-child dd { visibility: hidden }";
  const look = (): Promise<Buffer> => page.screenshot({ animations: "disabled", caret: "hide", style });
  const release = await loadWithoutProgram(page, path);
  await expect(page.locator("main")).toBeVisible();
  const before = { words: await words(page), picture: await look() };
  release();
  await ready(page);
  await painted(page);
  const after = { words: await words(page), picture: await look() };
  await page.unroute("**/*.wasm");
  return { told: [before.words, after.words], seen: [before.picture, after.picture] };
}

for (const name of PAGES) {
  test(`${name} does not change when the program takes over`, async ({ page, context }) => {
    // One that is read already: to look at an unread one changes it.
    const read = row(page, { name: "Chloe Martin" });
    const path = name === "a conversation" ? ((await read.getAttribute("href")) ?? "") : name;
    await watchShifts(page);
    // The clock may go on to the next minute between the two pictures, but not twice.
    let different = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < 2 && different > 0; turn += 1) {
      const { told, seen } = await takeOver(page, path);
      expect(told[1]).toBe(told[0]);
      expect(await shifts(page)).toEqual([]);
      const [before, after] = seen as [Buffer, Buffer];
      different = await differences(context, before, after);
      if (different > 0) {
        await writeFile(test.info().outputPath("before.png"), before);
        await writeFile(test.info().outputPath("after.png"), after);
      }
    }
    expect(different, "pixels that changed").toBe(0);
  });
}

test("what is typed before the program has started is kept", async ({ page }) => {
  const path = (await rows(page).first().getAttribute("href")) ?? "";
  const release = await loadWithoutProgram(page, path);
  const field = page.getByRole("textbox", { name: "Answer" });
  await field.fill("Sudah mulai menulis");
  release();
  await ready(page);
  await expect(field).toHaveValue("Sudah mulai menulis");
  await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();
});

test("without the program the page stays readable", async ({ page, quiet }) => {
  quiet.allow(/Balas could not start|Failed to load resource|preload/);
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto("/inbox");
  await expect(page.locator("html")).toHaveAttribute("data-broken", "");
  await expect(rows(page).first()).toBeVisible();
});
