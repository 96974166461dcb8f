// Brings callbacks to whoever listens: in order, one at a time, again and again until they are taken.

import { createHmac } from "node:crypto";

import { words } from "./limits.js";

/** @typedef {{first: number, most: number, total: number}} Waits in milliseconds */

/** @type {Waits} */
export const USUAL_WAITS = { first: 1000, most: 60_000, total: 10_000 };

/** The header's value, as the gateway signs. */
export function sign(/** @type {string} */ secret, /** @type {string} */ body) {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

export class Delivery {
  #running = false;
  #stopped = false;
  #failures = 0;
  #wake = () => {};
  #abort = new AbortController();
  /** Why the last attempt failed; empty after a success. */
  problem = "";

  /**
   * @param {import("./outbox.js").Outbox} outbox
   * @param {() => import("./registry.js").Webhook | undefined} webhook
   * @param {Waits} waits
   */
  constructor(outbox, webhook, waits = USUAL_WAITS) {
    this.outbox = outbox;
    this.webhook = webhook;
    this.waits = waits;
    outbox.onMore = () => void this.run();
  }

  /** Try now: something changed. */
  retryNow() {
    this.#failures = 0;
    this.#wake();
    void this.run();
  }

  stop() {
    this.#stopped = true;
    this.#abort.abort();
    this.#wake();
  }

  async run() {
    if (this.#running) {
      return;
    }
    this.#running = true;
    while (!this.#stopped) {
      const [item, webhook] = [this.outbox.first, this.webhook()];
      if (!item || !webhook) {
        break;
      }
      this.problem = await this.#attempt(webhook, item.body);
      if (this.problem) {
        await this.#pause();
      } else {
        this.#failures = 0;
        this.outbox.acknowledge(item.seq);
      }
    }
    this.#running = false;
  }

  /**
   * @param {import("./registry.js").Webhook} webhook
   * @param {string} body
   * @returns {Promise<string>} what is wrong; empty if nothing
   */
  async #attempt(webhook, body) {
    try {
      const response = await fetch(webhook.url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-Hub-Signature-256": sign(webhook.secret, body),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(this.waits.total)]),
      });
      await response.body?.cancel();
      return response.ok ? "" : `the webhook answered with HTTP status ${response.status}`;
    } catch (/** @type {any} */ error) {
      return `the webhook could not be reached (${words(error?.cause ?? error)})`;
    }
  }

  async #pause() {
    const wait = Math.min(this.waits.first * 2 ** this.#failures, this.waits.most);
    this.#failures += 1;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait * (0.75 + Math.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }
}
