// Stands in for the library's client: the same methods and events, with what the fixtures hold.

import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";

export const OWN = "5511988887777@c.us";
export const PEER = "554198765432@c.us";
export const LID = "251556368777322@lid";
export const GROUP = "120363402106999999@g.us";

/** @returns {any} a fixture, fresh each time */
export function fixture(/** @type {string} */ name) {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8"));
}

/**
 * How it behaves.
 *
 * @typedef {object} Script
 * @property {"linked" | "qr" | "silent" | "throws" | "unready"} start
 * @property {Record<string, any>} [answers] by method: what it gives, or a function
 * @property {any[]} [history] messages that chats hold
 */

export class ReplayClient extends EventEmitter {
  /** @type {any[][]} */
  calls = [];
  destroyed = false;
  info = { wid: { _serialized: OWN }, pushname: "Toko" };

  constructor(/** @type {Script} */ script) {
    super();
    this.script = script;
  }

  async initialize() {
    switch (this.script.start) {
      case "linked":
        this.becomeReady();
        break;
      case "unready":
        this.emit("authenticated");
        break;
      case "qr":
        this.emit("qr", "2@abc,def,ghi,jkl,1");
        break;
      case "throws":
        throw "auth timeout";
      default:
    }
  }

  becomeReady() {
    this.emit("authenticated");
    this.emit("loading_screen", 100, "WhatsApp");
    this.emit("ready");
    // The library does that now and then.
    this.emit("ready");
  }

  async destroy() {
    this.destroyed = true;
  }

  /** Speaks a message. */
  create(/** @type {any} */ raw) {
    const message = this.message(raw);
    this.emit("message_create", message);
    if (!raw.id.fromMe) {
      this.emit("message", message);
    }
  }

  /** A message with what can be done to it. */
  message(/** @type {any} */ raw) {
    const does =
      (/** @type {string} */ name, /** @type {any} */ usual) =>
      async (/** @type {any[]} */ ...args) =>
        this.#call(name, [raw.id._serialized, ...args], usual);
    return {
      ...raw,
      getQuotedMessage: does("getQuotedMessage", { id: { id: "3EB00106E8BE0F407E88EC" } }),
      downloadMedia: does("downloadMedia", {
        data: Buffer.from("a file").toString("base64"),
        mimetype: "audio/ogg; codecs=opus",
      }),
      delete: does("delete", undefined),
      edit: does("edit", raw),
      star: does("star", undefined),
      unstar: does("unstar", undefined),
    };
  }

  /** A chat with what can be done in it. */
  chat(/** @type {any} */ raw) {
    const does =
      (/** @type {string} */ name, /** @type {any} */ usual) =>
      async (/** @type {any[]} */ ...args) =>
        this.#call(name, [raw.id._serialized, ...args], usual);
    return {
      ...raw,
      fetchMessages: async (/** @type {any} */ options) => {
        const all = (this.script.history ?? []).filter((m) => m.id.remote === raw.id._serialized);
        const mine = all.filter((m) => options.fromMe === undefined || m.fromMe === options.fromMe);
        return this.#call(
          "fetchMessages",
          [raw.id._serialized, options],
          mine.slice(-options.limit).map((m) => this.message(m)),
        );
      },
      sendStateTyping: does("sendStateTyping", true),
      sendStateRecording: does("sendStateRecording", true),
      clearState: does("clearState", true),
      getInviteCode: does("getInviteCode", "AbCdEf"),
      revokeInvite: does("revokeInvite", undefined),
      addParticipants: does("addParticipants", {
        [PEER]: { code: 200, message: "The participant was added successfully" },
        "6281@c.us": { code: 404, message: "The phone number is not registered on WhatsApp" },
      }),
      removeParticipants: does("removeParticipants", { status: 200 }),
      promoteParticipants: does("promoteParticipants", { status: 200 }),
      demoteParticipants: does("demoteParticipants", { status: 403 }),
      setSubject: does("setSubject", true),
      setDescription: does("setDescription", true),
      setMessagesAdminsOnly: does("setMessagesAdminsOnly", true),
      setInfoAdminsOnly: does("setInfoAdminsOnly", false),
      leave: does("leave", undefined),
    };
  }

  async getState() {
    return this.#call("getState", [], "CONNECTED");
  }
  async getWWebVersion() {
    return this.#call("getWWebVersion", [], "2.3000.1023");
  }
  async requestPairingCode(/** @type {any[]} */ ...args) {
    return this.#call("requestPairingCode", args, "ABCD1234");
  }
  async logout() {
    return this.#call("logout", [], undefined);
  }
  async sendMessage(/** @type {any[]} */ ...args) {
    return this.#call("sendMessage", args, this.message(fixture("message_text_out_echo_message_create")));
  }
  async sendReaction(/** @type {any[]} */ ...args) {
    return this.#call("sendReaction", args, undefined);
  }
  async sendSeen(/** @type {any[]} */ ...args) {
    return this.#call("sendSeen", args, true);
  }
  async sendPresenceAvailable() {
    return this.#call("sendPresenceAvailable", [], undefined);
  }
  async sendPresenceUnavailable() {
    return this.#call("sendPresenceUnavailable", [], undefined);
  }
  async getMessageById(/** @type {string} */ key) {
    const found = (this.script.history ?? []).find((m) => m.id._serialized === key);
    return this.#call("getMessageById", [key], found ? this.message(found) : null);
  }
  async getChats() {
    return this.#call("getChats", [], [this.chat(fixture("chat")), this.chat(fixture("chat_group"))]);
  }
  async getChatById(/** @type {string} */ id) {
    const found = [fixture("chat"), fixture("chat_group")].find((chat) => chat.id._serialized === id);
    return this.#call("getChatById", [id], found ? this.chat(found) : undefined);
  }
  async getContactLidAndPhone(/** @type {string[]} */ ids) {
    const known = ids.map((id) => (id === LID || id === PEER ? { lid: LID, pn: PEER } : {}));
    return this.#call("getContactLidAndPhone", [ids], known);
  }
  async getNumberId(/** @type {string} */ id) {
    return this.#call("getNumberId", [id], { _serialized: id });
  }
  async getContactById(/** @type {string} */ id) {
    return this.#call("getContactById", [id], fixture("contact"));
  }
  async getContacts() {
    return this.#call("getContacts", [], [fixture("contact"), { id: { _serialized: GROUP }, isGroup: true }]);
  }
  async getProfilePicUrl(/** @type {string} */ id) {
    return this.#call("getProfilePicUrl", [id], "https://pps.whatsapp.net/v/x.jpg");
  }
  async createGroup(/** @type {any[]} */ ...args) {
    return this.#call("createGroup", args, { gid: { _serialized: GROUP } });
  }
  async archiveChat(/** @type {string} */ id) {
    return this.#call("archiveChat", [id], true);
  }
  async unarchiveChat(/** @type {string} */ id) {
    return this.#call("unarchiveChat", [id], false);
  }
  async pinChat(/** @type {string} */ id) {
    return this.#call("pinChat", [id], true);
  }
  async unpinChat(/** @type {string} */ id) {
    return this.#call("unpinChat", [id], false);
  }

  async #call(/** @type {string} */ name, /** @type {any[]} */ args, /** @type {any} */ usual) {
    this.calls.push([name, ...args]);
    const answers = this.script.answers ?? {};
    const given = name in answers ? answers[name] : usual;
    return typeof given === "function" ? given(...args) : given;
  }
}
