// What we are sending, so that the library's echo of it is told apart from what is typed on the phone, and so
// that the same order given twice is one message.

import { Refusal } from "./answers.js";
import { Recent } from "./limits.js";

/** @typedef {{id: string, at: unknown}} Sent */

/**
 * @typedef {object} Order
 * @property {string} key given by the caller; may be empty
 * @property {Promise<Sent>} done
 */

export class Sends {
  /** Bare ids of what was sent here, with the caller's key. */
  #ids = new Recent(10_000);
  /** Callers' keys. */
  #orders = new Recent(1_000);
  /** @type {Set<Promise<unknown>>} */
  #running = new Set();

  /**
   * Sends, unless the same order was given before.
   *
   * @param {string} key
   * @param {() => Promise<Sent>} send
   * @returns {Promise<Sent>}
   */
  once(key, send) {
    const before = key && this.#orders.get(key);
    if (before) {
      return before;
    }
    const done = send();
    this.#running.add(done);
    if (key) {
      this.#orders.set(key, done);
    }
    done
      .then(
        (sent) => this.#ids.set(sent.id, key),
        (error) => {
          // What certainly did not go out may be tried again.
          if (key && !(error instanceof Refusal && error.http === 504)) {
            this.#orders.delete(key);
          }
        },
      )
      .finally(() => this.#running.delete(done));
    return done;
  }

  /**
   * Whether a message of ours was sent here, and under which key.
   *
   * The echo may come before the answer that tells the id: then this waits for what is being sent.
   *
   * @param {string} id
   * @returns {Promise<{key: string} | undefined>}
   */
  async find(id) {
    if (!this.#ids.has(id) && this.#running.size > 0) {
      await Promise.allSettled(this.#running);
    }
    return this.#ids.has(id) ? { key: this.#ids.get(id) } : undefined;
  }
}
