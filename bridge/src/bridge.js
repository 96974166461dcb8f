// All devices of one data folder.

import fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Refusal } from "./answers.js";
import { isAlive } from "./browser.js";
import { Device } from "./device.js";
import { Registry } from "./registry.js";

/** Between two browsers that start by themselves: each takes a processor for some seconds. */
const STAGGER_MS = 3_000;

/**
 * @typedef {object} BridgeOptions
 * @property {import("./config.js").Config} config
 * @property {import("./device.js").DeviceOptions["createClient"]} createClient
 * @property {import("./log.js").Log} log
 * @property {Partial<import("./session.js").Timings>} [timings]
 * @property {import("./delivery.js").Waits} [waits]
 */

export class Bridge {
  /** @type {Map<string, Device>} */
  devices = new Map();
  #ending = false;

  constructor(/** @type {BridgeOptions} */ options) {
    this.options = options;
    this.registry = new Registry(options.config.data);
    this.lock = path.join(options.config.data, "bridge.pid");
  }

  /** Takes the folder and brings back what ran in it before. */
  async open() {
    await this.registry.open();
    await this.#lock();
    for (const record of this.registry.records.values()) {
      await this.#take(record);
    }
    void this.#resume();
    return this;
  }

  /** Ends all browsers; what runs now runs again after the next start. */
  async close() {
    this.#ending = true;
    await Promise.all([...this.devices.values()].map((device) => device.close()));
    await this.registry.save();
    await fs.rm(this.lock, { force: true });
  }

  /** Whether everything that was reported can be kept. */
  get healthy() {
    return [...this.devices.values()].every((device) => !device.outbox.problem);
  }

  /** The device of this name or number. */
  find(/** @type {string} */ name) {
    return this.devices.get(name) ?? [...this.devices.values()].find((device) => device.record.jid === name);
  }

  /**
   * @param {string} id
   * @param {import("./registry.js").Webhook | undefined} webhook
   */
  async create(id, webhook) {
    const { maxDevices } = this.options.config;
    if (this.devices.has(id)) {
      throw new Refusal(400, "BAD_REQUEST", `device ${id} already exists`);
    }
    if (this.devices.size >= maxDevices) {
      throw new Refusal(
        400,
        "BAD_REQUEST",
        `${maxDevices} devices are the most that BRIDGE_MAX_DEVICES allows`,
      );
    }
    const record = {
      id,
      createdAt: new Date().toISOString(),
      jid: "",
      name: "",
      linked: false,
      wanted: false,
      seenUntil: 0,
      webhook,
    };
    this.registry.records.set(id, record);
    const device = await this.#take(record);
    await this.registry.save();
    return device;
  }

  async remove(/** @type {Device} */ device) {
    const { id } = device.record;
    this.devices.delete(id);
    this.registry.records.delete(id);
    // First from the list: whatever happens next, it does not come back.
    await this.registry.save();
    await device.remove();
  }

  async #take(/** @type {import("./registry.js").DeviceRecord} */ record) {
    const { config, createClient, log, timings, waits } = this.options;
    const device = new Device({
      record,
      folder: this.registry.folder(record.id),
      save: () => (this.devices.has(record.id) ? this.registry.save() : Promise.resolve()),
      webhook: config.webhook,
      createClient,
      memoryMb: config.memoryMb,
      log,
      timings,
      waits,
    });
    this.devices.set(record.id, device);
    return device.open();
  }

  /** Linked devices that ran when this program ended run again. */
  async #resume() {
    for (const device of [...this.devices.values()]) {
      if (this.#ending) {
        return;
      }
      if (device.record.wanted && device.record.linked) {
        await device.session.start();
        await sleep(STAGGER_MS, undefined, { ref: false });
      }
    }
  }

  /** Two programs in one folder would destroy it. */
  async #lock() {
    const owner = Number(await fs.readFile(this.lock, "utf8").catch(() => "0"));
    if (owner > 0 && owner !== process.pid && isAlive(owner) && (await isBridge(owner))) {
      throw new Error(
        `Process ${owner} already works in ${this.options.config.data}. End it first, or set BRIDGE_DATA.`,
      );
    }
    await fs.writeFile(this.lock, String(process.pid));
  }
}

/** Process numbers are used again by other programs. Where the system does not tell, it is taken for one. */
async function isBridge(/** @type {number} */ pid) {
  const line = await fs.readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  return line === undefined ? process.platform !== "linux" : /node|bridge/.test(line);
}
