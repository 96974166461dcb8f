// What WhatsApp tells about people.

import { invalid, notFound } from "../answers.js";
import { isConversation, isLid, readPhone, toJid, toWid } from "../ids.js";
import { within } from "../limits.js";

/** @typedef {import("../server.js").Call} Call */

const ASK_MS = 20_000;

export async function info(/** @type {Call} */ { device, query }) {
  const jid = who(query);
  const { client } = device;
  const contact = await ask(client.getContactById(toWid(jid)));
  const person = await device.around.person(jid);
  const lid = person.lid ?? (await device.people.lidOf(toWid(jid)));
  return {
    data: [
      {
        name: contact?.name ?? contact?.pushname ?? "",
        verified_name: contact?.verifiedName ?? "",
        status: "",
        picture_id: "",
        devices: [],
      },
    ],
    ...(!isLid(person.jid) && { resolved_phone: person.jid.split("@")[0] }),
    ...(lid && { resolved_lid: lid }),
  };
}

export async function avatar(/** @type {Call} */ { device, query }) {
  const url = await ask(device.client.getProfilePicUrl(toWid(who(query))));
  if (!url) {
    throw notFound("no avatar found");
  }
  return { url, id: "", type: "image" };
}

export async function check(/** @type {Call} */ { device, query }) {
  const jid = who(query);
  const { client } = device;
  return { is_on_whatsapp: Boolean(await ask(client.getNumberId(toWid(jid)))) };
}

export async function contacts(/** @type {Call} */ { device }) {
  /** @type {any[]} */
  const all = await within(60_000, device.client.getContacts(), "reading the contacts");
  const rows = all
    .filter((contact) => contact.isMyContact && !contact.isGroup)
    .map((contact) => ({ jid: toJid(contact.id), name: contact.name ?? contact.pushname ?? "" }));
  return { data: rows.filter((row) => isConversation(row.jid)) };
}

function who(/** @type {URLSearchParams} */ query) {
  const jid = readPhone(query.get("phone"));
  if (!jid) {
    throw invalid("phone: cannot be blank; it must be a number with its country code, or a full address.");
  }
  return jid;
}

/** @template T */
function ask(/** @type {Promise<T>} */ promise) {
  return within(ASK_MS, promise, "asking WhatsApp");
}
