// What we are sending, so that the library's echo of it is told apart from what is typed on the phone, and so
// that an order which is repeated while it runs, or after it was carried out, is one message.

import { Recent, within } from "./limits.js";

/** @typedef {{id: string, at: string}} Sent */

/** How long an echo waits to be told. Whoever waits for the answer has given up long before. */
const PATIENCE = 120_000;

export class Sends {
  /** Bare ids of what was sent here, with the caller's key. */
  #ids = new Recent(10_000);
  /** Callers' keys. */
  #orders = new Recent(1_000);
  /** What the library is asked to send, and to whom. @type {Map<Promise<unknown>, string>} */
  #running = new Map();

  /**
   * Sends, unless the same order was given before. One that failed may be given again, also if its outcome is
   * unknown: that is for the caller to decide.
   *
   * @param {string} key given by the caller; may be empty
   * @param {() => Promise<Sent>} send
   * @returns {Promise<Sent>}
   */
  once(key, send) {
    const before = key && this.#orders.get(key);
    if (before) {
      return before;
    }
    const done = send();
    if (key) {
      this.#orders.set(key, done);
      done.catch(() => this.#orders.delete(key));
    }
    return done;
  }

  /**
   * Learns the id of what the library sends, even if it comes when nobody waits for it any more.
   *
   * @template T
   * @param {string} key
   * @param {string} wid to whom
   * @param {Promise<T>} sending
   * @returns {Promise<T>}
   */
  track(key, wid, sending) {
    this.#running.set(sending, wid);
    sending
      .then(
        (/** @type {any} */ message) => message?.id?.id && this.#ids.set(message.id.id, key),
        () => {},
      )
      .finally(() => this.#running.delete(sending));
    return sending;
  }

  /**
   * Whether a message of ours was sent here, and under which key. The echo may come before the answer that tells
   * the id: then this waits for what is being sent to the same chat.
   *
   * @param {string} id
   * @param {string[]} wids the chat under all of its names
   * @returns {Promise<{key: string} | undefined>}
   */
  async find(id, wids) {
    const running = [...this.#running].filter(([, wid]) => wids.includes(wid)).map(([sending]) => sending);
    if (!this.#ids.has(id) && running.length > 0) {
      await within(PATIENCE, Promise.allSettled(running), "sending").catch(() => {});
    }
    return this.#ids.has(id) ? { key: this.#ids.get(id) } : undefined;
  }
}
