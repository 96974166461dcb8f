// What the library has no call for, asked of the page itself. Uses only what the library itself uses there.

import { within } from "./limits.js";

const LIST_MS = 60_000;

/**
 * All chats, newest first. The library's own call asks WhatsApp about every group first, which takes minutes on
 * large accounts; a list does not need that.
 *
 * @param {any} client
 * @returns {Promise<any[]>}
 */
export async function listChats(client) {
  /** @type {any[]} */
  const chats = await within(
    LIST_MS,
    client.pupPage ? client.pupPage.evaluate(plainChats).catch(() => client.getChats()) : client.getChats(),
    "listing the chats",
  );
  return chats.sort((a, b) => (b.timestamp ?? b.t ?? 0) - (a.timestamp ?? a.t ?? 0));
}

/**
 * Whether WhatsApp still lets a message be taken back. Without asking, the library would delete it for us alone
 * and say nothing.
 *
 * @param {any} client
 * @param {string} key
 * @returns {Promise<boolean>}
 */
export async function canRevoke(client, key) {
  if (!client.pupPage) {
    return true;
  }
  return client.pupPage.evaluate(revocable, key);
}

/* Both run in the page. */

function plainChats() {
  const page = /** @type {any} */ (globalThis);
  return page
    .require("WAWebCollections")
    .Chat.getModelsArray()
    .map((/** @type {any} */ chat) => ({
      id: { _serialized: chat.id._serialized },
      name: chat.formattedTitle ?? chat.name ?? "",
      isGroup: Boolean(chat.groupMetadata),
      timestamp: chat.t ?? 0,
      archived: Boolean(chat.archive),
      unreadCount: chat.unreadCount ?? 0,
    }));
}

async function revocable(/** @type {string} */ key) {
  const page = /** @type {any} */ (globalThis);
  const { Msg } = page.require("WAWebCollections");
  const message = Msg.get(key) ?? (await Msg.getMessagesById([key]))?.messages?.[0];
  const can = page.require("WAWebMsgActionCapability");
  return Boolean(message && (can.canSenderRevokeMsg(message) || can.canAdminRevokeMsg(message)));
}
