// Chats and what was said in them.

import { Done, invalid } from "../answers.js";
import { flag } from "../body.js";
import { conversations, fetchMessages } from "../history.js";
import { readPhone, toJid, toWid } from "../ids.js";
import { within } from "../limits.js";
import { chatRow, messagePayload, messageRow } from "../translate.js";

/** @typedef {import("../server.js").Call} Call */

const MAX_PAGE = 100;
/** The library cannot skip: a page far back is read with everything after it. */
const MAX_DEPTH = 1000;
const ACT_MS = 30_000;

export async function list(/** @type {Call} */ { device, query }) {
  const { limit, offset } = page(query, 25);
  const search = query.get("search")?.toLowerCase() ?? "";
  const archived = query.get("archived");
  const rows = [];
  for (const chat of await conversations(device.client)) {
    const row = chatRow(chat);
    const wanted = archived === null || row.archived === flag(archived);
    if (wanted && (row.name.toLowerCase().includes(search) || row.jid.includes(search))) {
      rows.push(row);
    }
  }
  const shown = rows.slice(offset, offset + limit);
  // Under the name that its messages come with.
  for (const row of shown) {
    const who = await device.around.person(row.jid);
    Object.assign(row, { jid: who.jid }, who.lid && { lid: who.lid });
  }
  return { data: shown, pagination: { limit, offset, total: rows.length } };
}

export async function messages(/** @type {Call} */ { device, path, query }) {
  const jid = chat(path.jid);
  const { limit, offset } = page(query, 50);
  const depth = offset + limit;
  if (depth > MAX_DEPTH) {
    throw invalid(`offset: only the newest ${MAX_DEPTH} messages can be read.`);
  }
  const fromMe = query.get("is_from_me");
  const [since, until] = [time(query, "start_time"), time(query, "end_time")];
  const { client } = device;
  /** @type {any[]} */
  let all = [];
  for (const name of device.people.aliases(jid)) {
    all = await fetchMessages(client, toWid(name), depth, fromMe === null ? undefined : flag(fromMe));
    if (all.length > 0) {
      break;
    }
  }
  // Whether there are more can only be told by asking for more.
  const total = all.length < depth ? all.length : all.length + 1;
  const fits = all
    .filter((m) => m.timestamp >= (since ?? 0) && m.timestamp <= (until ?? Infinity))
    .filter((m) => !flag(query.get("media_only")) || m.hasMedia)
    .reverse()
    .slice(offset, depth);
  const data = [];
  for (const message of fits) {
    device.note(message);
    data.push(messageRow(await messagePayload(message, device.around), message));
  }
  return { data, pagination: { limit, offset, total }, chat_info: { jid } };
}

export async function archive(/** @type {Call} */ { device, path, body }) {
  const wid = toWid(chat(path.jid));
  const { client } = device;
  const archived = flag(body.fields.archived);
  await within(ACT_MS, archived ? client.archiveChat(wid) : client.unarchiveChat(wid), "archiving");
  return new Done(archived ? "Chat archived" : "Chat unarchived");
}

export async function pin(/** @type {Call} */ { device, path, body }) {
  const wid = toWid(chat(path.jid));
  const { client } = device;
  const pinned = flag(body.fields.pinned);
  const now = await within(ACT_MS, pinned ? client.pinChat(wid) : client.unpinChat(wid), "pinning");
  if (pinned && !now) {
    throw invalid("pinned: no more chats can be pinned; unpin another one first.");
  }
  return new Done(pinned ? "Chat pinned" : "Chat unpinned");
}

function chat(/** @type {unknown} */ raw) {
  const jid = readPhone(raw);
  if (!jid) {
    throw invalid(`jid: ${toJid(raw) || "this"} is no chat.`);
  }
  return jid;
}

function page(/** @type {URLSearchParams} */ query, /** @type {number} */ usual) {
  const read = (/** @type {string} */ name, /** @type {number} */ otherwise, /** @type {number} */ least) => {
    const raw = query.get(name);
    const value = raw === null || raw === "" ? otherwise : Number(raw);
    if (!Number.isInteger(value) || value < least) {
      throw invalid(`${name}: must be a whole number from ${least} on.`);
    }
    return value;
  };
  return { limit: Math.min(read("limit", usual, 1), MAX_PAGE), offset: read("offset", 0, 0) };
}

/** Seconds of a moment as RFC 3339. */
function time(/** @type {URLSearchParams} */ query, /** @type {string} */ name) {
  const raw = query.get(name);
  const at = raw ? Date.parse(raw) / 1000 : undefined;
  if (Number.isNaN(at)) {
    throw invalid(`${name}: must be a time such as 2026-08-20T10:30:00Z.`);
  }
  return at;
}
