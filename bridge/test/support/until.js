// Waiting for conditions.

import { setTimeout as sleep } from "node:timers/promises";

/**
 * @template T
 * @param {() => T | Promise<T>} look
 * @param {string} what
 * @returns {Promise<NonNullable<T>>} as soon as it is there
 */
export async function until(look, what, ms = 20_000) {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    if (performance.now() > end) {
      throw new Error(`waited in vain for ${what}`);
    }
    await sleep(5);
  }
}
