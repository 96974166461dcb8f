// Messages by their bare ids. The library wants the full key, which also holds chat, direction and, in groups,
// the author.

import { notFound } from "./answers.js";
import { fetchMessages } from "./history.js";
import { isGroup, messageKeys, serialized, toWid } from "./ids.js";
import { within } from "./limits.js";
import { isPageGone } from "./session.js";

const FIND_MS = 10_000;
/** How far back a message is looked for when nothing else finds it. */
const FAR = 100;

/**
 * @param {import("./device.js").Device} device
 * @param {string} id
 * @param {string} jid the chat; may be empty
 * @returns {Promise<any>} the library's message
 */
export async function findMessage(device, id, jid) {
  const { client } = device;
  const chats = jid ? device.people.aliases(jid) : [];
  const known = device.keys.get(id);
  // A key with the author is needed in groups, so that guessing is of no use there.
  const keys = [
    ...(known ? [known] : []),
    ...(isGroup(jid) && !id.includes("@") ? [] : messageKeys(id, chats)),
  ];
  for (const key of keys) {
    const message = await within(FIND_MS, client.getMessageById(key), "looking for the message").catch(
      unlessGone,
    );
    if (message) {
      return message;
    }
  }
  for (const chat of chats) {
    const messages = await fetchMessages(client, toWid(chat), FAR).catch(unlessGone);
    const message = messages?.find((m) => m.id.id === id);
    if (message) {
      device.note(message);
      return message;
    }
  }
  throw notFound(`message with ID ${id.slice(0, 128)} not found`);
}

/** The full key of a message; empty if it is not found. */
export async function findKey(
  /** @type {import("./device.js").Device} */ device,
  /** @type {string} */ id,
  /** @type {string} */ jid,
) {
  const message = await findMessage(device, id, jid).catch(unlessGone);
  return serialized(message?.id);
}

/** Not finding is one thing, a page that went away another. */
function unlessGone(/** @type {unknown} */ error) {
  if (isPageGone(error)) {
    throw error;
  }
  return undefined;
}
