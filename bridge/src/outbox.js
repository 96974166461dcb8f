// Callbacks that were not acknowledged yet, on disk. What `append` has answered for survives any death of this
// program; each has a number that never comes again, so that a repeat can be told.
//
// One file for each device, one JSON object a line: `{stream, next}` first, then `{seq, body}` for what is to
// be delivered and `{acked}` for everything up to that number.

import { randomUUID } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** @typedef {{seq: number, body: string}} Item */

/** Rewritten when this much of the file is of no use any more. */
const COMPACT_BYTES = 4 * 1024 * 1024;
/** Nobody has listened for weeks when this much waits. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class Outbox {
  /** @type {Item[]} */
  #waiting = [];
  #waitingBytes = 0;
  #fileBytes = 0;
  #next = 1;
  /** @type {{line: string, item?: Item}[]} */
  #noted = [];
  /** @type {Promise<void> | undefined} */
  #writing;
  /** @type {fs.FileHandle | undefined} */
  #file;
  /** What the last write was refused with. */
  problem = "";
  /** How many did not fit. */
  dropped = 0;

  /** @type {() => void} called when there is more to deliver */
  onMore = () => {};

  /** @param {string} file */
  constructor(file, { maxBytes = MAX_WAITING_BYTES, compactBytes = COMPACT_BYTES } = {}) {
    this.path = file;
    this.maxBytes = maxBytes;
    this.compactBytes = compactBytes;
    /** Tells the numbers of this file from those of a device of the same name that was deleted before. */
    this.stream = "";
  }

  async open() {
    await fs.mkdir(path.dirname(this.path), { recursive: true });
    const text = await fs.readFile(this.path, "utf8").catch((error) => {
      if (error.code === "ENOENT") {
        return "";
      }
      throw error;
    });
    let acked = 0;
    for (const line of text.split("\n")) {
      const entry = parse(line);
      if (typeof entry?.stream === "string") {
        this.stream = entry.stream;
        this.#next = Math.max(this.#next, entry.next);
      } else if (typeof entry?.seq === "number") {
        this.#waiting.push({ seq: entry.seq, body: entry.body });
        this.#next = Math.max(this.#next, entry.seq + 1);
      } else if (typeof entry?.acked === "number") {
        acked = Math.max(acked, entry.acked);
      }
    }
    this.stream ||= randomUUID();
    this.#next = Math.max(this.#next, acked + 1);
    this.#waiting = this.#waiting.filter((item) => item.seq > acked);
    this.#waitingBytes = this.#waiting.reduce((sum, item) => sum + item.body.length, 0);
    await this.#rewrite();
    return this;
  }

  /** How many wait. */
  get size() {
    return this.#waiting.length;
  }

  /** What is to be delivered next. */
  get first() {
    return this.#waiting[0];
  }

  /**
   * Keeps a callback. Comes back when it is on disk.
   *
   * @param {(seq: number, stream: string) => string} write the body with its number
   */
  async append(write) {
    const seq = this.#next;
    const body = write(seq, this.stream);
    if (this.#waitingBytes + body.length > this.maxBytes) {
      this.dropped += 1;
      return;
    }
    this.#next += 1;
    this.#waitingBytes += body.length;
    const item = { seq, body };
    this.#noted.push({ line: JSON.stringify(item), item });
    await this.#flush();
  }

  /** The first was taken. If this is lost it is delivered once more. */
  acknowledge(/** @type {number} */ seq) {
    const item = this.#waiting[0];
    if (item?.seq !== seq) {
      return;
    }
    this.#waiting.shift();
    this.#waitingBytes -= item.body.length;
    this.#noted.push({ line: JSON.stringify({ acked: seq }) });
    void this.#flush();
  }

  async close() {
    await this.#flush();
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Everything noted so far, with those who ask meanwhile sharing the next write. */
  async #flush() {
    const before = this.#writing;
    if (before) {
      await before;
      // Somebody else who waited may have begun already, with our line among its own.
      if (this.#writing && this.#writing !== before) {
        return this.#writing;
      }
    }
    if (this.#noted.length > 0) {
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
      });
    }
    return this.#writing;
  }

  async #write() {
    const entries = this.#noted;
    this.#noted = [];
    let text = `${entries.map((entry) => entry.line).join("\n")}\n`;
    for (;;) {
      try {
        await this.#file?.appendFile(text);
        await this.#file?.datasync();
        this.problem = "";
        break;
      } catch (error) {
        // A full disk gets free again; until then nothing is lost that is in memory.
        this.problem = String(error);
        // Ends what a write that failed half-way has left.
        text = text.startsWith("\n") ? text : `\n${text}`;
        await sleep(1000);
      }
    }
    this.#waiting.push(...entries.flatMap((entry) => entry.item ?? []));
    this.#fileBytes += Buffer.byteLength(text);
    if (this.#fileBytes - this.#waitingBytes > this.compactBytes) {
      await this.#rewrite();
    }
    this.onMore();
  }

  /** Leaves out what was acknowledged. */
  async #rewrite() {
    const head = JSON.stringify({ stream: this.stream, next: this.#next });
    const items = this.#waiting.map((item) => JSON.stringify(item));
    const text = [head, ...items].join("\n") + "\n";
    const draft = `${this.path}.new`;
    await writeDurably(draft, text);
    await this.#file?.close();
    await fs.rename(draft, this.path);
    await syncFolder(path.dirname(this.path));
    this.#file = await fs.open(this.path, "a");
    this.#fileBytes = Buffer.byteLength(text);
  }
}

/** A line that a crash cut off is no entry. */
function parse(/** @type {string} */ line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} file
 * @param {string} text
 */
export async function writeDurably(file, text) {
  const handle = await fs.open(file, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes renamed files stay renamed. */
export async function syncFolder(/** @type {string} */ folder) {
  const handle = await fs.open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
