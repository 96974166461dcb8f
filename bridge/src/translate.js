// The library's objects in the gateway's words. Whitelists only: the objects carry much that is unstable.

import { isConversation, isGroup, isLid, serialized, toJid } from "./ids.js";

/**
 * Who somebody is under both names.
 *
 * @typedef {{jid: string, lid?: string}} Person
 */

/**
 * What translating needs to know or to ask.
 *
 * @typedef {object} Around
 * @property {string} own the linked number
 * @property {(jid: string) => Promise<Person>} person
 */

/** Kinds of messages that are files, and the gateway's key for each. */
const FILES = /** @type {Record<string, string>} */ ({
  image: "image",
  video: "video",
  audio: "audio",
  ptt: "audio",
  document: "document",
  sticker: "sticker",
});

/** What stands in a chat without anybody having said it, and what is reported elsewhere. */
const SILENT = new Set([
  "album",
  "broadcast_notification",
  "call_log",
  "ciphertext",
  "debug",
  "e2e_notification",
  "gp2",
  "group_notification",
  "notification",
  "notification_template",
  "protocol",
  "reaction",
  "revoked",
]);

/** RFC 3339 of the library's seconds. */
export function moment(/** @type {unknown} */ seconds) {
  const known = typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0 && seconds < 1e11;
  const at = known ? new Date(seconds * 1000) : new Date();
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The chat of a message key. */
export function chatOf(/** @type {any} */ key) {
  return toJid(key?.remote);
}

/** Whether a message belongs into an inbox. */
export function isSpoken(/** @type {any} */ message) {
  return isConversation(chatOf(message?.id)) && !message.isStatus && !SILENT.has(message.type);
}

/**
 * Where something happened and who did it.
 *
 * @param {any} key a message's id
 * @param {unknown} author
 * @param {Around} around
 */
async function talk(key, author, around) {
  const chat = chatOf(key);
  const writer = key.fromMe ? around.own : toJid(author ?? key.participant ?? key.remote) || chat;
  const [place, from] = await Promise.all([around.person(chat), around.person(writer)]);
  return {
    chat_id: place.jid,
    ...(place.lid && { chat_lid: place.lid }),
    from: from.jid,
    ...(from.lid && { from_lid: from.lid }),
    is_from_me: Boolean(key.fromMe),
  };
}

/**
 * A message.
 *
 * @param {any} message
 * @param {Around} around
 */
export async function messagePayload(message, around) {
  const quote = await quoted(message);
  const name = message._data?.notifyName;
  return {
    id: message.id.id,
    provider_id: serialized(message.id),
    ...(await talk(message.id, message.author, around)),
    ...(name && !message.id.fromMe && { from_name: name }),
    timestamp: moment(message.timestamp),
    ...content(message),
    ...(quote && { replied_to_id: quote }),
    ...(message.isForwarded && { forwarded: true }),
    ...(message._data?.isViewOnce && { view_once: true }),
  };
}

/** @returns {Promise<string>} the bare id of the message that this one answers */
async function quoted(/** @type {any} */ message) {
  if (!message.hasQuotedMsg) {
    return "";
  }
  // Known without asking the page, mostly.
  const known = message._data?.quotedStanzaID;
  if (typeof known === "string") {
    return known;
  }
  const answered = await message.getQuotedMessage?.().catch(() => undefined);
  return answered?.id?.id ?? "";
}

/** @returns {object} */
function content(/** @type {any} */ message) {
  const file = FILES[message.type];
  if (file) {
    return { [file]: fileOf(message) };
  }
  const body = message.body ? { body: message.body } : {};
  switch (message.type) {
    case "chat":
    case "list_response":
    case "buttons_response":
    case "template_button_reply":
      return body;
    case "location":
      return { location: locationOf(message.location ?? {}) };
    case "poll_creation":
      return { poll: pollOf(message) };
    case "vcard":
    case "multi_vcard":
      return { contacts_array: (message.vCards ?? []).map(card) };
    default:
      // Shown as "not supported"; the kind tells the curious what it was.
      return { ...body, kind: message.type };
  }
}

function fileOf(/** @type {any} */ message) {
  const { mimetype, filename, size } = message._data ?? {};
  const name = filename ?? (message.type === "document" ? nameIn(message.body) : undefined);
  const caption = message.body && message.body !== name ? message.body : undefined;
  return {
    // To be had from `GET /message/{id}/download`.
    message_id: message.id.id,
    ...(mimetype && { mime_type: mimetype }),
    ...(name && { filename: name }),
    ...(Number(size) > 0 && { file_size: Number(size) }),
    ...(message.type === "ptt" && { ptt: true }),
    ...(caption && { caption }),
  };
}

/** A document without caption has its file's name there. */
function nameIn(/** @type {unknown} */ body) {
  return typeof body === "string" && /^[^\n]{1,200}\.\w{1,8}$/.test(body) ? body : undefined;
}

function locationOf(/** @type {any} */ place) {
  return {
    degreesLatitude: Number(place.latitude),
    degreesLongitude: Number(place.longitude),
    ...(place.name && { name: place.name }),
    ...(place.address && { address: place.address }),
  };
}

/** A question and its answers. WhatsApp Web says whether one or any number of them may be chosen. */
function pollOf(/** @type {any} */ message) {
  const options = (message.pollOptions ?? []).map((/** @type {any} */ option) => option.name ?? option);
  return {
    question: message.pollName ?? message.body ?? "",
    options,
    max_answer: message.allowMultipleAnswers ? options.length : 1,
  };
}

function card(/** @type {string} */ vcard) {
  return { displayName: /^FN[^:\n]*:(.*)$/m.exec(vcard)?.[1]?.trim() ?? "", vcard };
}

/**
 * Whether somebody changed what a message says. Files report a change whenever their preview does, too: then it is not
 * their caption that is new.
 *
 * @param {any} message
 * @param {string} body
 */
export function isEdit(message, body) {
  const ofCaption = message.hasMedia && message.latestEditMsgKey && message.body === body;
  return Boolean(body && isSpoken(message) && (message.type === "chat" || ofCaption));
}

/**
 * @param {any} message
 * @param {string} body
 * @param {Around} around
 */
export async function editPayload(message, body, around) {
  const at = message.latestEditSenderTimestampMs;
  return {
    id: message.latestEditMsgKey?.id ?? message.id.id,
    original_message_id: message.id.id,
    provider_id: serialized(message.id),
    ...(await talk(message.id, message.author, around)),
    timestamp: moment(at ? at / 1000 : undefined),
    body,
  };
}

/**
 * @param {any} message
 * @param {Around} around
 */
export async function revokePayload(message, around) {
  const original = message.protocolMessageKey ?? message.id;
  const revoker = toJid(message._data?.revokeSender);
  const author = toJid(message.author ?? message.id.participant);
  return {
    id: message.id.id,
    revoked_message_id: original.id,
    // Unknown outside of groups, and true there: nobody else can.
    ...(revoker && author && { revoked_from_me: revoker === author }),
    ...(await talk(message.id, message.author, around)),
    timestamp: moment(undefined),
  };
}

/**
 * @param {any} reaction
 * @param {Around} around
 */
export async function reactionPayload(reaction, around) {
  const sender = toJid(reaction.senderId);
  const fromMe = sender ? (await around.person(sender)).jid === around.own : Boolean(reaction.id?.fromMe);
  const key = { ...reaction.msgId, fromMe };
  return {
    id: reaction.id?.id ?? "",
    reacted_message_id: reaction.msgId.id,
    ...(await talk(key, sender || undefined, around)),
    reaction: reaction.reaction ?? "",
    timestamp: moment(reaction.timestamp),
  };
}

/**
 * Somebody's choice of a poll's answers; none if it was taken back.
 *
 * @param {any} vote
 * @param {Around} around
 */
export async function votePayload(vote, around) {
  const poll = vote.parentMsgKey ?? vote.parentMessage?.id;
  const options = (vote.selectedOptions ?? []).map((/** @type {any} */ option) => option.name);
  const voter = toJid(vote.voter);
  // A poll that the library has lost is known by the numbers of its answers only.
  if (!poll?.id || !voter || options.some((/** @type {unknown} */ name) => typeof name !== "string")) {
    return undefined;
  }
  const fromMe = (await around.person(voter)).jid === around.own;
  return {
    poll_message_id: poll.id,
    ...(await talk({ ...poll, fromMe }, voter, around)),
    options,
    timestamp: moment(vote.interractedAtTs ? vote.interractedAtTs / 1000 : undefined),
  };
}

/** The gateway's words for the library's receipts, and two that it lacks. */
const RECEIPTS = /** @type {Record<number, [string, string]>} */ ({
  [-1]: ["failed", "could not be sent"],
  1: ["sent", "taken by WhatsApp"],
  2: ["delivered", "delivered to the recipient's device"],
  3: ["read", "read by the recipient"],
  4: ["played", "played by the recipient"],
});

/**
 * @param {any} message
 * @param {number} ack
 * @param {Around} around
 * @returns {Promise<object | undefined>} none if there is nothing to say
 */
export async function receiptPayload(message, ack, around) {
  const word = RECEIPTS[ack];
  if (!word || !message.id.fromMe) {
    return undefined;
  }
  // Who in a group is not told.
  const place = await around.person(chatOf(message.id));
  return receipt([message.id.id], place, place, word);
}

/**
 * We read a chat, on the phone or here.
 *
 * @param {any} chat
 * @param {Around} around
 * @returns {Promise<object | undefined>}
 */
export async function readByUsPayload(chat, around) {
  const last = chat?.lastMessage;
  if (!chat || chat.unreadCount !== 0 || !last?.id || last.id.fromMe || !isConversation(toJid(chat.id))) {
    return undefined;
  }
  const place = await around.person(toJid(chat.id));
  return receipt([last.id.id], place, { jid: around.own }, ["read-self", "read by this account"]);
}

/**
 * @param {string[]} ids
 * @param {Person} place
 * @param {Person} from
 * @param {[string, string]} word
 */
function receipt(ids, place, from, [type, description]) {
  return {
    ids,
    chat_id: place.jid,
    from: from.jid,
    ...(from.lid && { from_lid: from.lid }),
    receipt_type: type,
    receipt_type_description: description,
  };
}

const MEMBERSHIPS = /** @type {Record<string, string>} */ ({
  add: "join",
  invite: "join",
  linked_group_join: "join",
  remove: "leave",
  leave: "leave",
  promote: "promote",
  demote: "demote",
});

/**
 * Somebody came, went or got another role.
 *
 * @param {any} notice
 * @param {Around} around
 * @returns {Promise<object | undefined>}
 */
export async function membershipPayload(notice, around) {
  const type = MEMBERSHIPS[notice.type];
  const chat = toJid(notice.chatId);
  if (!type || !isGroup(chat)) {
    return undefined;
  }
  const named = [...(notice.recipientIds ?? [])].map(toJid).filter(Boolean);
  const whom = named.length > 0 ? named : [toJid(notice.author)].filter(Boolean);
  if (whom.length === 0) {
    return undefined;
  }
  const people = await Promise.all(whom.map(around.person));
  return { chat_id: chat, type, jids: people.map((person) => person.jid) };
}

const FIELDS = new Set(["subject", "description", "picture", "announce", "restrict"]);

/**
 * A group got another name, description, picture or rule.
 *
 * @param {any} notice
 * @param {Around} around
 * @returns {Promise<object | undefined>}
 */
export async function groupPayload(notice, around) {
  const chat = toJid(notice.chatId);
  if (!FIELDS.has(notice.type) || !isGroup(chat)) {
    return undefined;
  }
  const author = toJid(notice.author);
  const by = author ? await around.person(author) : undefined;
  return {
    chat_id: chat,
    field: notice.type,
    value: notice.body ?? "",
    ...(by && { from: by.jid, ...(by.lid && { from_lid: by.lid }) }),
  };
}

/**
 * @param {any} call
 * @param {Around} around
 * @returns {Promise<object | undefined>}
 */
export async function callPayload(call, around) {
  const from = toJid(call.from);
  if (call.fromMe || !call.id || !isConversation(from)) {
    return undefined;
  }
  const who = isGroup(from) ? { jid: from } : await around.person(from);
  return {
    call_id: String(call.id),
    from: who.jid,
    ...(who.lid && { from_lid: who.lid }),
    ...(isGroup(from) && { group_jid: from }),
    auto_rejected: false,
  };
}

/**
 * Somebody has another number now.
 *
 * @param {unknown} before
 * @param {unknown} after
 * @returns {object | undefined}
 */
export function changedPayload(before, after) {
  const [old_id, new_id] = [toJid(before), toJid(after)];
  const people = isConversation(old_id) && isConversation(new_id) && !isGroup(old_id) && !isGroup(new_id);
  return people && old_id !== new_id ? { old_id, new_id } : undefined;
}

/** A row of `GET /chats`. */
export function chatRow(/** @type {any} */ chat) {
  const at = moment(chat.timestamp || 1);
  return {
    jid: toJid(chat.id),
    name: chat.name ?? chat.formattedTitle ?? "",
    last_message_time: chat.timestamp ? at : "",
    ephemeral_expiration: 0,
    created_at: "",
    updated_at: chat.timestamp ? at : "",
    archived: Boolean(chat.archived),
    unread_count: Number(chat.unreadCount) || 0,
  };
}

/** A row of `GET /chat/{jid}/messages`. */
export function messageRow(/** @type {any} */ payload, /** @type {any} */ message) {
  const key = FILES[message.type] ?? "";
  const file = payload[key] ?? {};
  const at = payload.timestamp;
  return {
    id: payload.id,
    provider_id: payload.provider_id,
    chat_jid: payload.chat_id,
    sender_jid: payload.from,
    sender_display_name: payload.from_name ?? "",
    content: payload.body ?? file.caption ?? "",
    timestamp: at,
    is_from_me: payload.is_from_me,
    media_type: key ? message.type : (payload.kind ?? (message.type === "chat" ? "" : message.type)),
    filename: file.filename ?? "",
    url: "",
    file_length: file.file_size ?? 0,
    created_at: at,
    updated_at: at,
    ...(payload.replied_to_id && { replied_to_id: payload.replied_to_id }),
  };
}

/** A group as the gateway describes it. */
export async function groupInfo(/** @type {any} */ chat, /** @type {Around} */ around) {
  const meta = chat.groupMetadata ?? {};
  const owner = toJid(meta.owner);
  const ownerNames = owner ? await around.person(owner) : undefined;
  const members = await Promise.all(
    (meta.participants ?? []).map(async (/** @type {any} */ member) => {
      const who = await around.person(toJid(member.id));
      return {
        JID: who.lid ?? who.jid,
        PhoneNumber: isLid(who.jid) ? "" : who.jid,
        LID: who.lid ?? "",
        IsAdmin: Boolean(member.isAdmin || member.isSuperAdmin),
        IsSuperAdmin: Boolean(member.isSuperAdmin),
        DisplayName: "",
        Error: 0,
        AddRequest: null,
      };
    }),
  );
  return {
    JID: toJid(chat.id),
    OwnerJID: ownerNames?.lid ?? owner,
    OwnerPN: ownerNames && !isLid(ownerNames.jid) ? ownerNames.jid : "",
    Name: meta.subject ?? chat.name ?? "",
    Topic: meta.desc ?? "",
    IsLocked: Boolean(meta.restrict),
    IsAnnounce: Boolean(meta.announce),
    GroupCreated: meta.creation ? moment(meta.creation) : "",
    Participants: members,
    ParticipantCount: members.length,
  };
}
