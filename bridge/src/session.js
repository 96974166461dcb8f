// The life of one account's browser: started, watched, started again, ended. The library hangs in ways that
// have no event, so every state that must pass has a deadline.

import { EventEmitter } from "node:events";
import fs from "node:fs/promises";
import path from "node:path";

import { freeProfile, isAlive, kill, memoryMb } from "./browser.js";
import { within, words } from "./limits.js";

/** @typedef {"stopped" | "starting" | "qr" | "pairing" | "authenticated" | "ready" | "disconnected" | "error"} State */

/**
 * @typedef {object} Timings in milliseconds
 * @property {number} start until WhatsApp Web shows something
 * @property {number} qr until the next code or a scan
 * @property {number} qrLife how long a code can be scanned
 * @property {number} ready from "authenticated" on
 * @property {number} probe between two looks
 * @property {number} answer for a look
 * @property {number} destroy until the browser is killed
 * @property {number} retry before the first new start
 * @property {number} retryMost before any
 */

/** @type {Timings} */
export const USUAL_TIMINGS = {
  start: 90_000,
  qr: 180_000,
  qrLife: 20_000,
  ready: 120_000,
  probe: 60_000,
  answer: 15_000,
  destroy: 10_000,
  retry: 2_000,
  retryMost: 300_000,
};

/** Codes that are shown before somebody has to ask again. */
const MAX_QR = 6;
/** Looks in a row that may find nothing good. */
const MAX_STRIKES = 3;

/**
 * One browser from start to end. What it says after its end no longer counts.
 *
 * @typedef {object} Life
 * @property {any} client the library's, or a stand-in
 * @property {AbortController} abort ends a browser that is just being started
 * @property {Promise<void>} begun
 * @property {Promise<void> | undefined} ended
 * @property {NodeJS.Timeout | undefined} deadline
 * @property {NodeJS.Timeout | undefined} probe
 * @property {number} codes
 * @property {number} strikes
 * @property {boolean} pairing
 */

/**
 * @typedef {object} SessionOptions
 * @property {(options: {folder: string, signal: AbortSignal}) => any} createClient
 * @property {string} folder of the account
 * @property {number} memoryMb
 * @property {Timings} timings
 * @property {import("./log.js").Log} log
 * @property {boolean} linked
 */

/** Emits `state`, `life` (a new client to listen to) and `ready`. */
export class Session extends EventEmitter {
  /** @type {State} */
  state = "stopped";
  reason = "";
  /** @type {{text: string, expiresAt: number} | undefined} */
  qr;
  pairCode = "";
  /** WhatsApp has said so. Only a person can mend that, so it is not tried again. */
  blocked = false;
  /** @type {Life | undefined} */
  #life;
  /** @type {NodeJS.Timeout | undefined} */
  #retry;
  #failures = 0;

  constructor(/** @type {SessionOptions} */ options) {
    super();
    this.options = options;
    this.linked = options.linked;
    this.profile = path.join(options.folder, "session-web");
  }

  /** The library's client, if there is one. */
  get client() {
    return this.#life?.client;
  }

  /** Begins, if it did not yet. */
  async start() {
    clearTimeout(this.#retry);
    while (this.#life?.ended) {
      await this.#life.ended;
    }
    if (this.#life) {
      return;
    }
    const abort = new AbortController();
    /** @type {Life} */
    const life = {
      client: undefined,
      abort,
      begun: Promise.resolve(),
      ended: undefined,
      deadline: undefined,
      probe: undefined,
      codes: 0,
      strikes: 0,
      pairing: false,
    };
    this.#life = life;
    this.blocked = false;
    this.#become("starting");
    this.#expect(life, this.options.timings.start, "WhatsApp Web did not load");
    life.begun = this.#begin(life);
  }

  /** Ends the browser. The link with the phone stays. */
  async stop() {
    this.#failures = 0;
    await this.#end("stopped", "");
  }

  /** Ends the browser and begins anew. */
  async restart() {
    await this.stop();
    await this.start();
  }

  /** Ends the link with the phone, too. */
  async logout() {
    if (this.state === "ready") {
      await within(this.options.timings.answer, this.client.logout(), "logging out").catch((error) =>
        this.options.log("warn", "logging out failed; the phone may still list this device", {
          error: words(error),
        }),
      );
    }
    this.linked = false;
    await this.#end("stopped", "");
    await this.#forget();
  }

  /** Asks for a code to be typed on the phone, instead of the QR code. */
  async pairingCode(/** @type {string} */ digits) {
    const life = this.#life;
    if (!life) {
      throw new Error("the browser was stopped");
    }
    life.pairing = true;
    try {
      const code = await within(
        this.options.timings.answer,
        life.client.requestPairingCode(digits),
        "the code",
      );
      this.#become("pairing", { pairCode: code });
      return code;
    } catch (error) {
      life.pairing = false;
      throw error;
    }
  }

  /**
   * @param {State[]} states
   * @param {number} ms
   * @returns {Promise<boolean>} whether it came into one of them in time
   */
  async reaches(states, ms) {
    if (states.includes(this.state)) {
      return true;
    }
    return new Promise((resolve) => {
      const done = (/** @type {boolean} */ result) => {
        clearTimeout(timer);
        this.off("state", look);
        resolve(result);
      };
      const look = () => states.includes(this.state) && done(true);
      const timer = setTimeout(() => done(false), ms);
      this.on("state", look);
    });
  }

  async memory() {
    const pid = browserPid(this.#life?.client);
    return pid ? memoryMb(pid) : undefined;
  }

  async #begin(/** @type {Life} */ life) {
    try {
      await fs.mkdir(this.options.folder, { recursive: true });
      await freeProfile(this.profile);
      if (life.ended) {
        return;
      }
      life.client = this.options.createClient({ folder: this.options.folder, signal: life.abort.signal });
      this.#listen(life);
      this.emit("life", life.client);
      await life.client.initialize();
      life.client.pupBrowser?.on("disconnected", () => this.#fail(life, "the browser has ended by itself"));
    } catch (error) {
      this.#fail(life, explain(words(error)));
    }
  }

  #listen(/** @type {Life} */ life) {
    const on = (/** @type {string} */ event, /** @type {(...args: any[]) => void} */ handle) =>
      life.client.on(event, (/** @type {any[]} */ ...args) => {
        if (!life.ended) {
          handle(...args);
        }
      });
    const { timings } = this.options;

    on("qr", (text) => {
      // After a scan the page reports a code without its first part.
      if (life.pairing || String(text).startsWith("undefined,")) {
        return;
      }
      // Whoever is shown a code is not linked, whatever was known before.
      this.linked = false;
      life.codes += 1;
      if (life.codes > MAX_QR) {
        return void this.#end("disconnected", "Nobody scanned the QR code. Ask for a new one to go on.");
      }
      // The library's own renewal of codes is broken for pages that were idle.
      this.#expect(life, timings.qr, "WhatsApp Web showed no new QR code");
      this.#become("qr", { qr: { text: String(text), expiresAt: Date.now() + timings.qrLife } });
    });
    on("code", (code) => {
      this.#expect(life, timings.qr, "Nobody typed the pairing code");
      this.#become("pairing", { pairCode: String(code) });
    });
    on("authenticated", () => {
      this.linked = true;
      // "ready" sometimes never comes.
      this.#expect(life, timings.ready, "WhatsApp Web did not get ready");
      if (this.state !== "ready") {
        this.#become("authenticated");
      }
    });
    on("loading_screen", () => {
      if (this.state === "starting" || this.state === "authenticated") {
        this.#expect(life, timings.ready, "WhatsApp Web did not get ready");
      }
    });
    on("ready", () => {
      // It may come twice.
      if (this.state !== "ready") {
        this.#ready(life);
      }
    });
    on("auth_failure", (why) => void this.#unlinked(`WhatsApp no longer accepts the link (${words(why)})`));
    on("change_state", (state) => {
      if (state === "CONNECTED" && this.state === "disconnected") {
        this.#become("ready");
      } else if (["OPENING", "TIMEOUT", "PAIRING"].includes(state) && this.state === "ready") {
        this.#become("disconnected", {
          reason: "The connection to WhatsApp is lost. It comes back by itself.",
        });
      }
    });
    on("disconnected", (why) => {
      // The library's client is dead from here on.
      if (["LOGOUT", "UNPAIRED", "UNPAIRED_IDLE"].includes(why)) {
        void this.#unlinked("The phone has ended the link. Link it again.");
      } else if (["TOS_BLOCK", "SMB_TOS_BLOCK"].includes(why)) {
        this.blocked = true;
        void this.#end("error", "WhatsApp has blocked this number. Look at the phone for what to do.");
      } else if (why === "CONFLICT") {
        this.#fail(life, "WhatsApp Web was opened in another browser with this link");
      } else {
        this.#fail(life, `WhatsApp Web has disconnected (${words(why)})`);
      }
    });
  }

  #ready(/** @type {Life} */ life) {
    clearTimeout(life.deadline);
    this.linked = true;
    this.#failures = 0;
    this.#become("ready");
    this.#watch(life);
    this.emit("ready");
  }

  /** Looks from time to time whether the page still answers and how much memory it takes. */
  #watch(/** @type {Life} */ life) {
    clearTimeout(life.probe);
    life.probe = setTimeout(async () => {
      const problem = await this.#look(life);
      if (life.ended) {
        return;
      }
      if (problem) {
        this.#fail(life, problem);
      } else {
        this.#watch(life);
      }
    }, this.options.timings.probe);
  }

  /** @returns {Promise<string>} why the browser must be started anew; empty if it need not */
  async #look(/** @type {Life} */ life) {
    const used = await this.memory();
    if (used !== undefined && used > this.options.memoryMb) {
      return `the browser took ${used} MB of memory, ${this.options.memoryMb} MB are allowed`;
    }
    const { answer } = this.options.timings;
    /** @type {Promise<string | null>} */
    const asked = within(answer, life.client.getState(), "WhatsApp Web");
    const state = await asked.catch((error) => {
      if (isPageGone(error)) {
        life.strikes = MAX_STRIKES;
      }
      return words(error);
    });
    life.strikes = state === "CONNECTED" ? 0 : life.strikes + 1;
    return life.strikes >= MAX_STRIKES ? `WhatsApp Web stopped working (${state})` : "";
  }

  /** The page has gone away under us: only a new browser helps. */
  pageGone() {
    if (this.#life) {
      this.#fail(this.#life, "the page of WhatsApp Web has gone away");
    }
  }

  #expect(/** @type {Life} */ life, /** @type {number} */ ms, /** @type {string} */ otherwise) {
    clearTimeout(life.deadline);
    life.deadline = setTimeout(() => this.#fail(life, `${otherwise} within ${ms / 1000} s`), ms);
  }

  /** Something broke. A linked account is tried again; else somebody waits for a QR code and is told. */
  #fail(/** @type {Life} */ life, /** @type {string} */ why) {
    if (life.ended || this.#life !== life) {
      return;
    }
    this.options.log("warn", "a browser session failed", { reason: why });
    const { retry, retryMost } = this.options.timings;
    const wait = Math.min(retry * 2 ** this.#failures, retryMost) * (0.75 + Math.random() / 2);
    this.#failures += 1;
    const again = this.linked;
    const reason = again ? `${why}. It is tried again by itself.` : `${why}.`;
    void this.#end("error", capital(reason)).then(() => {
      if (again && !this.#life && this.state === "error") {
        this.#retry = setTimeout(() => void this.start(), wait);
      }
    });
  }

  async #unlinked(/** @type {string} */ why) {
    this.linked = false;
    await this.#end("disconnected", why);
    await this.#forget();
  }

  async #forget() {
    await fs.rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #end(/** @type {State} */ state, /** @type {string} */ reason) {
    clearTimeout(this.#retry);
    const life = this.#life;
    if (life) {
      life.ended ??= this.#destroy(life);
      this.#become(state, { reason });
      await life.ended;
      if (this.#life === life) {
        this.#life = undefined;
      }
    } else {
      this.#become(state, { reason });
    }
  }

  async #destroy(/** @type {Life} */ life) {
    clearTimeout(life.deadline);
    clearTimeout(life.probe);
    const { client } = life;
    const { destroy } = this.options.timings;
    const pid = browserPid(client);
    if (pid === undefined) {
      // Not started yet, or not known yet: what is being started must not be left behind.
      life.abort.abort();
    }
    await within(destroy, client?.destroy?.(), "closing the browser").catch((error) =>
      this.options.log("warn", "the browser did not close and is killed", { error: words(error) }),
    );
    await within(destroy, life.begun, "starting the browser").catch(() => {});
    const late = pid ?? browserPid(client);
    if (late !== undefined && isAlive(late)) {
      await kill(late);
    }
  }

  #become(
    /** @type {State} */ state,
    /** @type {{reason?: string, qr?: {text: string, expiresAt: number}, pairCode?: string}} */ more = {},
  ) {
    const { reason = "", qr, pairCode = "" } = more;
    const same = this.state === state && this.reason === reason && !qr && this.pairCode === pairCode;
    this.state = state;
    this.reason = reason;
    this.qr = qr;
    this.pairCode = pairCode;
    if (!same) {
      this.emit("state");
    }
  }
}

/** What kept the browser from starting, and what to do about it. */
function explain(/** @type {string} */ error) {
  if (/net::ERR_/.test(error)) {
    const code = /net::\w+/.exec(error)?.[0];
    return `The browser cannot reach web.whatsapp.com (${code}). Check this computer's connection to the internet`;
  }
  if (/Browser was not found|ENOENT/.test(error)) {
    return "Chromium was not found. Install it, or set CHROMIUM_PATH to where it is";
  }
  if (/Failed to launch/.test(error)) {
    return `Chromium does not start (${error}). Try to start it by hand to see why`;
  }
  return /^(auth|ready) timeout$/.test(error) ? "WhatsApp Web did not load" : error;
}

/** Errors that no later call on the same page gets rid of. */
export function isPageGone(/** @type {unknown} */ error) {
  return /detached Frame|Target closed|Session closed|Connection closed|Execution context/i.test(
    words(error),
  );
}

/** @returns {number | undefined} */
function browserPid(/** @type {any} */ client) {
  return client?.pupBrowser?.process?.()?.pid;
}

function capital(/** @type {string} */ text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
