// A bridge in this process, with a replayed client, and somebody who listens to its callbacks.

import { once } from "node:events";
import fs from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";

import { Bridge } from "../../src/bridge.js";
import { createServer } from "../../src/server.js";
import { ReplayClient } from "./replay.js";
import { until } from "./until.js";

export const USER = "balas";
export const PASSWORD = "pass:word";
export const SECRET = "signs-all-the-webhooks";
export const DEVICE = "acc_1";

/** Whoever listens to callbacks. */
export class Listener {
  /** @type {{body: string, signature: string, type: string}[]} */
  got = [];
  /** @type {(count: number) => number} status for each delivery */
  status = () => 200;

  async open() {
    this.server = http.createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) {
        parts.push(part);
      }
      const status = this.status(this.got.length);
      if (status === 200) {
        this.got.push({
          body: Buffer.concat(parts).toString("utf8"),
          signature: String(request.headers["x-hub-signature-256"]),
          type: String(request.headers["content-type"]),
        });
      }
      response.writeHead(status).end();
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.server.address());
    this.url = `http://127.0.0.1:${port}/webhooks/gateway/acc_1`;
    return this;
  }

  /** @returns {any[]} */
  get events() {
    return this.got.map(({ body }) => JSON.parse(body));
  }

  /** What was said, without what was said about the connection. */
  get said() {
    return this.events.filter(({ event }) => event !== "connection.update");
  }

  /** @returns {Promise<any>} */
  async first(/** @type {string} */ event) {
    return until(() => this.events.find((e) => e.event === event), event);
  }

  close() {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

export class Rig {
  /** @type {ReplayClient[]} */
  clients = [];

  /** @param {Partial<import("./replay.js").Script> & {timings?: object, data?: string, config?: object}} [options] */
  async open({ timings, data, config, ...script } = {}) {
    this.script = /** @type {import("./replay.js").Script} */ ({ start: "linked", ...script });
    this.data = data ?? (await fs.mkdtemp(path.join(os.tmpdir(), "bridge-test-")));
    this.listener = await new Listener().open();
    this.bridge = await new Bridge({
      config: {
        host: "127.0.0.1",
        port: 0,
        users: new Map([[USER, PASSWORD]]),
        data: this.data,
        chromium: "",
        sandbox: true,
        memoryMb: 1024,
        maxDevices: 3,
        maxBodyBytes: 1024 * 1024,
        webhook: undefined,
        endWithStdin: false,
        ...config,
      },
      createClient: () => {
        const client = new ReplayClient(/** @type {any} */ (this.script));
        this.clients.push(client);
        return client;
      },
      log: () => {},
      timings,
      waits: { first: 1, most: 5, total: 5_000 },
    }).open();
    this.server = createServer(this.bridge);
    await once(this.server, "listening");
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.server.address());
    this.url = `http://127.0.0.1:${port}`;
    return this;
  }

  /** With a device that is linked and ready. */
  async ready() {
    await this.create();
    await this.call("POST", `/devices/${DEVICE}/reconnect`);
    await until(() => this.device.session.state === "ready", "ready");
    // What follows by itself has settled, too.
    await until(
      async () => (await this.device.status()).web_version && this.device.outbox.size === 0,
      "quiet",
    );
    return this;
  }

  async create(id = DEVICE) {
    return this.call("POST", "/devices", {
      device_id: id,
      webhook_url: this.listener?.url,
      webhook_secret: SECRET,
    });
  }

  get device() {
    return /** @type {import("../../src/device.js").Device} */ (this.bridge?.devices.get(DEVICE));
  }

  get client() {
    return /** @type {ReplayClient} */ (this.clients.at(-1));
  }

  /**
   * @param {string} method
   * @param {string} at
   * @param {any} [body] JSON, or a form
   * @param {Record<string, string>} [headers]
   * @returns {Promise<{http: number, json: any, text: string}>}
   */
  async call(method, at, body, headers = {}) {
    const form = body instanceof FormData;
    const response = await fetch(`${this.url}${at}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`,
        ...(body !== undefined && !form && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: form || typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (response.headers.get("content-type") ?? "").includes("json") ? JSON.parse(text) : undefined;
    return { http: response.status, json, text };
  }

  /** Ends it; its folder stays if a next one is to go on with it. */
  async close({ keep = false } = {}) {
    this.server?.closeAllConnections();
    this.server?.close();
    await this.bridge?.close();
    this.listener?.close();
    if (!keep && this.data) {
      await fs.rm(this.data, { recursive: true, force: true });
    }
  }
}
