// The device slots and what must outlive a restart.

import fs from "node:fs/promises";
import path from "node:path";

import { createHash } from "node:crypto";

import { syncFolder, writeDurably } from "./outbox.js";

/** @typedef {{url: string, secret: string, events: string[]}} Webhook */

/**
 * @typedef {object} DeviceRecord
 * @property {string} id
 * @property {string} createdAt
 * @property {string} jid the linked number; empty before
 * @property {string} name what the linked phone calls itself
 * @property {boolean} linked
 * @property {boolean} wanted shall run, also after a restart
 * @property {number} seenUntil seconds since 1970: messages up to here were reported
 * @property {Webhook | undefined} [webhook]
 */

/** What stands unchanged in a path and in a header. */
export function isDeviceId(/** @type {unknown} */ id) {
  return typeof id === "string" && /^[A-Za-z0-9._:@-]{1,128}$/.test(id) && !/^\.+$/.test(id);
}

/** The folder of a device's files. */
export function folderName(/** @type {string} */ id) {
  return /^[a-z0-9_-]{1,64}$/.test(id)
    ? id
    : `x.${createHash("sha256").update(id).digest("hex").slice(0, 32)}`;
}

export class Registry {
  /** @type {Map<string, DeviceRecord>} */
  records = new Map();
  #saving = Promise.resolve();

  constructor(/** @type {string} */ data) {
    this.data = data;
    this.file = path.join(data, "devices.json");
  }

  async open() {
    await fs.mkdir(this.data, { recursive: true, mode: 0o700 });
    try {
      for (const record of JSON.parse(await fs.readFile(this.file, "utf8"))) {
        this.records.set(record.id, record);
      }
    } catch (/** @type {any} */ error) {
      if (error.code !== "ENOENT") {
        throw new Error(`${this.file} cannot be read (${error.message}). Restore it, or move it away.`);
      }
    }
    return this;
  }

  folder(/** @type {string} */ id) {
    return path.join(this.data, "devices", folderName(id));
  }

  /** Comes back when the records are on disk. */
  save() {
    this.#saving = this.#saving.then(async () => {
      const draft = `${this.file}.new`;
      await writeDurably(draft, JSON.stringify([...this.records.values()], null, 1));
      await fs.rename(draft, this.file);
      await syncFolder(this.data);
    });
    const saved = this.#saving;
    // One failure is told to who asked for it, and does not stop later ones.
    this.#saving = saved.catch(() => {});
    return saved;
  }
}
