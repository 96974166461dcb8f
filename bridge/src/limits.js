// Waiting with an end: the library's calls may never come back.

/** Nothing came in time. Nobody knows what happens behind. */
export class Late extends Error {}

/**
 * @template T
 * @param {number} ms
 * @param {Promise<T> | T} promise
 * @param {string} what for the message
 * @returns {Promise<T>}
 */
export async function within(ms, promise, what) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Late(`${what} did not come back within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (late)]);
  } finally {
    clearTimeout(timer);
    // Who comes too late is not missed, and must not end the program.
    Promise.resolve(promise).catch(() => {});
  }
}

/** An error in words; the library also throws texts. */
export function words(/** @type {any} */ error) {
  const text = typeof error === "string" ? error : (error?.message ?? String(error));
  return String(text).split("\n")[0]?.slice(0, 300) ?? "";
}

/** A map that forgets what was put in first. */
export class Recent extends Map {
  constructor(/** @type {number} */ limit) {
    super();
    this.limit = limit;
  }

  /** @override */
  set(/** @type {any} */ key, /** @type {any} */ value) {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.limit) {
      this.delete(this.keys().next().value);
    }
    return this;
  }
}
