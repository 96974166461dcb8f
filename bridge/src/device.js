// One account: its browser, what it reports and where that goes.

import fs from "node:fs/promises";
import path from "node:path";

import { notConnected, notLinked } from "./answers.js";
import { Delivery, USUAL_WAITS } from "./delivery.js";
import { catchUp } from "./history.js";
import { serialized, toJid, toWid } from "./ids.js";
import { Recent, within, words } from "./limits.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Sends } from "./sends.js";
import { Session, USUAL_TIMINGS } from "./session.js";
import * as translate from "./translate.js";

/** The gateway's words for how far a device is. */
const STATES = /** @type {Record<import("./session.js").State, string>} */ ({
  stopped: "disconnected",
  starting: "connecting",
  qr: "connected",
  pairing: "connected",
  authenticated: "connecting",
  ready: "logged_in",
  disconnected: "disconnected",
  error: "disconnected",
});

/** How long reading one event may take: the ones behind it wait. */
const EVENT_MS = 10_000;
const CATCH_UP_MS = 10 * 60_000;
/** Looked at once more when catching up: messages do not come in the order of their times. */
const OVERLAP_S = 60;

/**
 * @typedef {object} DeviceOptions
 * @property {import("./registry.js").DeviceRecord} record
 * @property {string} folder
 * @property {() => Promise<void>} save the record
 * @property {import("./registry.js").Webhook | undefined} webhook for devices without their own
 * @property {(options: {folder: string, signal: AbortSignal}) => any} createClient
 * @property {number} memoryMb
 * @property {import("./log.js").Log} log
 * @property {Partial<import("./session.js").Timings>} [timings]
 * @property {import("./delivery.js").Waits} [waits]
 */

export class Device {
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();
  /** Full keys of messages by their bare ids. */
  keys = new Recent(10_000);
  sends = new Sends();
  #webVersion = "";
  /** What was missed is still being read: until then nothing counts as seen. */
  #behind = false;
  #seenMeanwhile = 0;

  constructor(/** @type {DeviceOptions} */ options) {
    const { record, folder } = options;
    this.options = options;
    this.record = record;
    this.log = /** @type {import("./log.js").Log} */ (
      (level, message, fields) => options.log(level, message, { device: record.id, ...fields })
    );
    this.outbox = new Outbox(path.join(folder, "outbox.jsonl"));
    this.delivery = new Delivery(this.outbox, () => this.webhook, options.waits ?? USUAL_WAITS);
    this.session = new Session({
      createClient: options.createClient,
      folder,
      memoryMb: options.memoryMb,
      timings: { ...USUAL_TIMINGS, ...options.timings },
      log: this.log,
      linked: record.linked,
    });
    this.people = new People(() => this.session.client);
    /** @type {import("./translate.js").Around} */
    this.around = {
      own: record.jid,
      person: this.people.person,
    };
    this.session.on("state", () => this.#stateChanged());
    this.session.on("life", (client) => this.#listen(client));
    this.session.on("ready", () => void this.#ready());
  }

  async open() {
    await this.outbox.open();
    void this.delivery.run();
    return this;
  }

  /** Where callbacks go. */
  get webhook() {
    return this.record.webhook ?? this.options.webhook;
  }

  /** The library's client, ready to be used. */
  get client() {
    if (!this.record.linked) {
      throw notLinked();
    }
    if (this.session.state !== "ready") {
      throw notConnected();
    }
    return this.session.client;
  }

  /** Begins, and does so again when this program is started again. */
  async start() {
    await this.#want(true);
    await this.session.start();
  }

  async stop() {
    await this.#want(false);
    await this.session.stop();
  }

  async restart() {
    await this.#want(true);
    await this.session.restart();
  }

  async logout() {
    await this.session.logout();
    this.record.linked = false;
    await this.#want(false);
  }

  /** Ends everything; the device is as it was when this program starts again. */
  async close() {
    await this.session.stop();
    await this.#queue;
    this.delivery.stop();
    await this.outbox.close();
  }

  /** Ends everything and deletes what was kept. */
  async remove() {
    await this.session
      .logout()
      .catch((error) => this.log("warn", "logging out failed", { error: words(error) }));
    await this.close();
    await fs.rm(this.options.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** As in `GET /devices`. */
  view() {
    const { id, jid, name, createdAt } = this.record;
    return {
      id,
      ...(jid && { phone_number: jid.split("@")[0] }),
      ...(name && { display_name: name }),
      state: STATES[this.session.state],
      ...(jid && { jid }),
      created_at: createdAt,
    };
  }

  /** As in `GET /devices/{id}/status`, with what only we know. */
  async status() {
    const { id, jid, linked } = this.record;
    const { state, reason, blocked } = this.session;
    const memory = await this.session.memory();
    return {
      device_id: id,
      is_connected: state === "ready",
      is_logged_in: linked,
      ...(jid && { jid }),
      state,
      ...(reason && { reason }),
      ...(blocked && { blocked }),
      ...(this.#webVersion && { web_version: this.#webVersion }),
      ...(memory !== undefined && { memory_mb: memory }),
      outbox: {
        waiting: this.outbox.size,
        dropped: this.outbox.dropped,
        problem: this.outbox.problem || this.delivery.problem,
      },
    };
  }

  /**
   * Keeps a callback until it is taken.
   *
   * @param {string} event
   * @param {object} payload
   * @param {string} [timestamp] where the gateway has it beside the payload
   */
  async publish(event, payload, timestamp) {
    const { webhook, record } = this;
    if (!webhook || (webhook.events.length > 0 && !webhook.events.includes(event))) {
      return;
    }
    const head = { event, ...(record.jid && { device_id: record.jid }), session_id: record.id };
    await this.outbox.append((seq, stream) =>
      JSON.stringify({
        ...head,
        seq,
        delivery_id: `${stream}:${seq}`,
        ...(timestamp && { timestamp }),
        payload,
      }),
    );
  }

  /** Notes what a message is called in full, for calls that name it. */
  note(/** @type {any} */ message) {
    const key = serialized(message?.id);
    if (key && message.id.id) {
      this.keys.set(message.id.id, key);
    }
  }

  async #want(/** @type {boolean} */ wanted) {
    this.record.wanted = wanted;
    await this.options.save();
  }

  #stateChanged() {
    const { state, reason, qr, pairCode, linked } = this.session;
    const { record } = this;
    const lost = record.linked && !linked;
    record.linked = linked;
    this.log("info", "state", { state, reason });
    const payload = {
      state,
      ...(reason && { reason }),
      ...(qr && { qr: qr.text, qr_expires_at: new Date(qr.expiresAt).toISOString() }),
      ...(pairCode && { pair_code: pairCode }),
      ...(record.jid && { jid: record.jid }),
    };
    const at = translate.moment(undefined);
    this.#later("connection.update", async () => void this.#report("connection.update", payload, at));
    if (lost) {
      this.options
        .save()
        .catch((error) => this.log("error", "a lost link was not noted", { error: words(error) }));
    }
  }

  async #ready() {
    const { client } = this.session;
    const { record } = this;
    this.#behind = true;
    const jid = toJid(client.info?.wid) || record.jid;
    if (jid !== record.jid) {
      // Another number has another past.
      Object.assign(record, { jid, seenUntil: 0 });
    }
    record.name = client.info?.pushname ?? record.name;
    record.linked = true;
    this.around.own = record.jid;
    await this.options.save();
    this.#webVersion = await within(5_000, client.getWWebVersion(), "the version").catch(() => "");
    // Only what comes while we listen is reported by the library: what was missed is fetched.
    await this.#catchUp();
  }

  /** Beside what comes in meanwhile, which must not wait for it. */
  async #catchUp() {
    const since = Math.max(0, this.record.seenUntil - OVERLAP_S);
    try {
      await within(CATCH_UP_MS, catchUp(this, since, "missed"), "reading what was missed");
      this.#behind = false;
      this.saw(this.#seenMeanwhile);
    } catch (error) {
      // Tried again when the connection comes back the next time.
      this.log("error", "what was missed could not be read", { error: words(error) });
    }
  }

  /**
   * Keeps a callback, without anybody waiting for the disk: what comes at once shares one write. Numbers are given
   * in the order of the calls.
   *
   * @param {string} event
   * @param {object} payload
   * @param {string} [timestamp]
   */
  #report(event, payload, timestamp) {
    return this.publish(event, payload, timestamp).catch((error) =>
      this.log("error", "a callback could not be kept", { event, error: words(error) }),
    );
  }

  /** Handlers must not wait: the library would. Events are read one by one. */
  #later(/** @type {string} */ what, /** @type {() => Promise<unknown>} */ read) {
    this.#queue = this.#queue
      .then(() => within(EVENT_MS, read(), what))
      .catch((error) =>
        this.log("error", "an event could not be reported", { event: what, error: words(error) }),
      );
  }

  #listen(/** @type {any} */ client) {
    const { around } = this;
    /**
     * @param {string} name the library's
     * @param {string} event ours
     * @param {(...args: any[]) => Promise<object | undefined> | object | undefined} read
     * @param {(...args: any[]) => string | undefined} [at] where the time stands beside the payload
     */
    const on = (name, event, read, at) =>
      client.on(name, (/** @type {any[]} */ ...args) => {
        if (this.session.client !== client) {
          return;
        }
        this.#later(event, async () => {
          const payload = await read(...args);
          if (payload) {
            void this.#report(event, payload, at?.(...args));
          }
        });
      });
    const now = () => translate.moment(undefined);
    const ofNotice = (/** @type {any} */ notice) => translate.moment(notice.timestamp);

    client.on("message_create", (/** @type {any} */ message) => {
      if (this.session.client === client && translate.isSpoken(message)) {
        void this.#spoken(message);
      }
    });
    on("message_edit", "message.edited", (message, body) =>
      translate.isEdit(message, body) ? translate.editPayload(message, body, around) : undefined,
    );
    on("message_revoke_everyone", "message.revoked", (message) =>
      translate.isSpoken({ ...message, type: "chat" }) ? translate.revokePayload(message, around) : undefined,
    );
    on("message_revoke_me", "message.deleted", (message) =>
      translate.isSpoken(message)
        ? { deleted_message_id: message.id.id, chat_id: translate.chatOf(message.id), from: around.own }
        : undefined,
    );
    on("message_reaction", "message.reaction", (reaction) => translate.reactionPayload(reaction, around));
    on("vote_update", "poll.vote", (vote) => translate.votePayload(vote, around));
    on("message_ack", "message.ack", (message, ack) => translate.receiptPayload(message, ack, around), now);
    on("unread_count", "message.ack", (chat) => translate.readByUsPayload(chat, around), now);
    for (const name of ["group_join", "group_leave", "group_admin_changed"]) {
      on(name, "group.participants", (notice) => translate.membershipPayload(notice, around), ofNotice);
    }
    on("group_update", "group.updated", (notice) => translate.groupPayload(notice, around), ofNotice);
    on("call", "call.offer", (call) => translate.callPayload(call, around), now);
    on(
      "contact_changed",
      "contact.changed",
      (_, before, after) => translate.changedPayload(before, after),
      now,
    );
  }

  /** Somebody wrote: a customer, somebody on our phone, or we ourselves through the API. */
  async #spoken(/** @type {any} */ message) {
    this.note(message);
    const chat = this.people.aliases(translate.chatOf(message.id)).map(toWid);
    const sent = message.id.fromMe ? await this.sends.find(message.id.id, chat) : undefined;
    this.#later("message", async () => {
      const payload = await translate.messagePayload(message, this.around);
      const kept = sent
        ? this.#report("message.sent", { ...payload, ...(sent.key && { idempotency_key: sent.key }) })
        : this.#report("message", payload);
      void kept.then(() => this.saw(message.timestamp));
    });
  }

  /** Up to when messages were reported. Written down now and then: what is reported twice is told by its id. */
  saw(/** @type {number} */ seconds) {
    if (this.#behind) {
      this.#seenMeanwhile = Math.max(this.#seenMeanwhile, seconds);
    } else if (seconds > this.record.seenUntil) {
      const save = seconds - this.record.seenUntil > 60;
      this.record.seenUntil = seconds;
      if (save) {
        void this.options.save();
      }
    }
  }
}
