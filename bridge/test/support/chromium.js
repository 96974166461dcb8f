// The browser of the machine that the tests run on.

import { existsSync } from "node:fs";
import fs from "node:fs/promises";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const CHROMIUM = process.env.CHROMIUM_PATH ?? PLACES.find(existsSync) ?? "/usr/bin/chromium";

/**
 * Browsers on profiles below a folder.
 *
 * @param {string} folder
 * @param {"count" | "pid"} what how many, or the process of one
 */
export async function browsersOn(folder, what = "count") {
  const all = (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    all.map((pid) => fs.readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  const found = all.filter(
    (_, i) => lines[i]?.includes(`--user-data-dir=${folder}`) && !lines[i]?.includes("--type="),
  );
  return what === "pid" ? Number(found[0]) : found.length;
}
