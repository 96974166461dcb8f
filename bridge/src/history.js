// What was written while we were not listening, or before: read from the page, newest chats first, and reported
// chat by chat.

import { isConversation, isGroup, toJid } from "./ids.js";
import { Late, within, words } from "./limits.js";
import { listChats } from "./page.js";
import * as translate from "./translate.js";

/** Most chats of the past, unless more are asked for. */
const MAX_CHATS = 500;
/** Most messages of one chat of the past, unless more are asked for; after a break, so many at first. */
const PER_CHAT = 50;
const CHAT_MS = 20_000;
/** The same when more and more of one chat has to be loaded. */
const DEEP_MS = 120_000;
/** Messages in one callback. */
const BATCH = 50;

/**
 * What was missed is read back to `since`, in all chats, however much it is; of the past not more than asked for.
 *
 * @param {import("./device.js").Device} device
 * @param {number} since seconds since 1970; nothing is reported from before
 * @param {"missed" | "history"} kind whether somebody waits for an answer to them
 * @param {{chats?: number, perChat?: number}} [most] of the past
 */
export async function catchUp(device, since, kind, { chats = MAX_CHATS, perChat = PER_CHAT } = {}) {
  if (kind === "missed" && since === 0) {
    // A new link: how much of the past is wanted is not ours to say.
    device.saw(Math.floor(Date.now() / 1000));
    return { chats: 0, messages: 0 };
  }
  const { client } = device.session;
  const all = (await listChats(client)).filter((chat) => (chat.timestamp ?? 0) >= since);
  const list = kind === "missed" ? all : all.slice(0, chats);
  const count = { chats: 0, messages: 0 };
  for (const row of list) {
    if (device.session.client !== client) {
      break;
    }
    try {
      count.messages += await oneChat(device, client, row, since, kind, perChat);
      count.chats += 1;
    } catch (error) {
      device.log(error instanceof Late ? "warn" : "error", "a chat's history could not be read", {
        error: words(error),
      });
    }
  }
  return count;
}

/**
 * @param {import("./device.js").Device} device
 * @param {any} client
 * @param {any} row
 * @param {number} since
 * @param {string} kind
 * @param {number} limit
 */
async function oneChat(device, client, row, since, kind, limit) {
  const wid = row.id._serialized;
  const read = kind === "missed" ? backTo(client, wid, since) : fetchMessages(client, wid, limit);
  const messages = (await read).filter((m) => m.timestamp >= since);
  for (let at = 0; at < messages.length; at += BATCH) {
    const batch = messages.slice(at, at + BATCH);
    batch.forEach((message) => device.note(message));
    const payloads = await Promise.all(batch.map((m) => translate.messagePayload(m, device.around)));
    const chat = toJid(row.id);
    const place = isGroup(chat) ? { jid: chat } : await device.around.person(chat);
    await device.publish("history.batch", {
      kind,
      chat_id: place.jid,
      ...(place.lid && { chat_lid: place.lid }),
      ...(row.name && { chat_name: row.name }),
      messages: payloads,
    });
    device.saw(Math.max(...batch.map((m) => m.timestamp)));
  }
  return messages.length;
}

/**
 * The newest messages of a chat, oldest first, so many that all since then are among them.
 *
 * @param {any} client
 * @param {string} wid
 * @param {number} since
 * @returns {Promise<any[]>} none if there is no such chat
 */
async function backTo(client, wid, since) {
  const chat = await within(CHAT_MS, client.getChatById(wid), "opening the chat");
  if (!chat) {
    return [];
  }
  // What was loaded once stays so in the page: asking for twice as many loads only the other half.
  for (let limit = PER_CHAT; ; limit *= 2) {
    /** @type {any[]} */
    const found = await within(DEEP_MS, chat.fetchMessages({ limit }), "reading the chat");
    if (found.length < limit || found.some((m) => m.timestamp < since)) {
      return spoken(found);
    }
  }
}

/** @param {any[]} messages */
const spoken = (messages) => messages.filter(translate.isSpoken).sort((a, b) => a.timestamp - b.timestamp);

/**
 * The newest messages of a chat, oldest first.
 *
 * @param {any} client
 * @param {string} wid
 * @param {number} limit
 * @param {boolean} [fromMe]
 * @returns {Promise<any[]>} none if there is no such chat
 */
export async function fetchMessages(client, wid, limit, fromMe) {
  const chat = await within(CHAT_MS, client.getChatById(wid), "opening the chat");
  if (!chat) {
    return [];
  }
  const options = { limit, ...(fromMe !== undefined && { fromMe }) };
  /** @type {any[]} */
  const found = await within(CHAT_MS, chat.fetchMessages(options), "reading the chat");
  return spoken(found);
}

/** Chats that people talk in, newest first. */
export async function conversations(/** @type {any} */ client) {
  return (await listChats(client)).filter((chat) => isConversation(toJid(chat.id)));
}
