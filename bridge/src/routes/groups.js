// Groups.

import { Done, Refusal, invalid, notFound } from "../answers.js";
import { flag, text } from "../body.js";
import { conversations } from "../history.js";
import { isGroup, readPhone, serialized, toJid, toWid } from "../ids.js";
import { within } from "../limits.js";
import { groupInfo } from "../translate.js";

/** @typedef {import("../server.js").Call} Call */

const ACT_MS = 40_000;
const MAX_PEOPLE = 256;

export async function info(/** @type {Call} */ { device, query }) {
  return groupInfo(await group(device, query.get("group_id")), device.around);
}

export async function participants(/** @type {Call} */ { device, query }) {
  const { JID, Name, Participants } = await groupInfo(
    await group(device, query.get("group_id")),
    device.around,
  );
  return {
    group_id: JID,
    name: Name,
    participants: Participants.map((member) => ({
      jid: member.JID,
      phone_number: member.PhoneNumber,
      ...(member.LID && { lid: member.LID }),
      display_name: member.DisplayName,
      is_admin: member.IsAdmin,
      is_super_admin: member.IsSuperAdmin,
    })),
  };
}

/** Without participants: asking about every group takes minutes on large accounts. */
export async function mine(/** @type {Call} */ { device }) {
  const chats = (await conversations(device.client)).filter((chat) => isGroup(toJid(chat.id)));
  return {
    data: await Promise.all(
      chats.map((chat) =>
        groupInfo({ ...chat, groupMetadata: { ...chat.groupMetadata, participants: [] } }, device.around),
      ),
    ),
  };
}

export async function inviteLink(/** @type {Call} */ { device, query }) {
  const chat = await group(device, query.get("group_id"));
  if (flag(query.get("reset"))) {
    await act(chat.revokeInvite());
  }
  return {
    invite_link: `https://chat.whatsapp.com/${await act(chat.getInviteCode())}`,
    group_id: toJid(chat.id),
  };
}

export async function create(/** @type {Call} */ { device, body }) {
  const title = text(body.fields, "title", 100);
  const people = members(body.fields);
  const made = await act(device.client.createGroup(title, people.map(toWid)));
  const id = toJid(made?.gid);
  if (!id) {
    throw refused(made);
  }
  return new Done(`Success created group with id ${id}`, { group_id: id });
}

export async function add(/** @type {Call} */ { device, body }) {
  const chat = await group(device, body.fields.group_id);
  const people = members(body.fields);
  const result = await act(chat.addParticipants(people.map(toWid), { autoSendInviteV4: false }));
  if (typeof result !== "object" || result === null) {
    throw refused(result);
  }
  return people.map((jid) => {
    const { code, message = "" } = result[toWid(jid)] ?? {};
    return { participant: jid, status: code === 200 ? "success" : "error", message };
  });
}

export const removePeople = change("removeParticipants");
export const promote = change("promoteParticipants");
export const demote = change("demoteParticipants");

export async function rename(/** @type {Call} */ { device, body }) {
  const name = text(body.fields, "name", 100);
  const chat = await group(device, body.fields.group_id);
  return agreed(await act(chat.setSubject(name)), "Group renamed");
}

export async function describe(/** @type {Call} */ { device, body }) {
  const { topic = "" } = body.fields;
  if (typeof topic !== "string") {
    throw invalid("topic: must be a text.");
  }
  const chat = await group(device, body.fields.group_id);
  return agreed(await act(chat.setDescription(topic)), "Group described");
}

export async function announce(/** @type {Call} */ { device, body }) {
  const chat = await group(device, body.fields.group_id);
  return agreed(await act(chat.setMessagesAdminsOnly(flag(body.fields.announce))), "Group changed");
}

export async function lock(/** @type {Call} */ { device, body }) {
  const chat = await group(device, body.fields.group_id);
  return agreed(await act(chat.setInfoAdminsOnly(flag(body.fields.locked))), "Group changed");
}

export async function leave(/** @type {Call} */ { device, body }) {
  const chat = await group(device, body.fields.group_id);
  await act(chat.leave());
  return new Done("Group left");
}

/** @returns {(call: Call) => Promise<object[]>} */
function change(/** @type {string} */ what) {
  return async ({ device, body }) => {
    const chat = await group(device, body.fields.group_id);
    const people = members(body.fields);
    const result = await act(chat[what](people.map(toWid)));
    const success = result?.status === 200;
    return people.map((participant) => ({
      participant,
      status: success ? "success" : "error",
      message: success ? "Action success" : "WhatsApp refused it",
    }));
  };
}

async function group(/** @type {Call["device"]} */ device, /** @type {unknown} */ id) {
  const jid = readPhone(id);
  if (!isGroup(jid)) {
    throw invalid("group_id: must be a group's address, such as 120363402106999999@g.us.");
  }
  const chat = await act(device.client.getChatById(toWid(jid)));
  if (!chat?.isGroup || serialized(chat.id) === "") {
    throw notFound("group not found");
  }
  return chat;
}

function members(/** @type {Record<string, any>} */ fields) {
  const list = Array.isArray(fields.participants) ? fields.participants : [];
  const people = list.map(readPhone);
  if (people.length === 0 || people.length > MAX_PEOPLE || people.some((jid) => !jid || isGroup(jid))) {
    throw invalid(`participants: must be 1 to ${MAX_PEOPLE} numbers with their country codes.`);
  }
  return people;
}

function agreed(/** @type {unknown} */ done, /** @type {string} */ words) {
  if (!done) {
    throw refused("only administrators of the group may do this");
  }
  return new Done(words);
}

function refused(/** @type {unknown} */ why) {
  return new Refusal(400, "BAD_REQUEST", typeof why === "string" ? why : "WhatsApp refused it");
}

/** @template T */
function act(/** @type {Promise<T>} */ promise) {
  return within(ACT_MS, promise, "asking WhatsApp");
}
