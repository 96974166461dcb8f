// Sending.

import library from "whatsapp-web.js";

import { Done, Refusal, invalid, notConnected, notOnWhatsApp, unknownOutcome } from "../answers.js";
import { flag, number, text } from "../body.js";
import { readPhone, toWid } from "../ids.js";
import { Late, within, words } from "../limits.js";
import { findKey } from "../messages.js";
import { isPageGone } from "../session.js";

const { Location, MessageMedia, Poll } = library;

/** @typedef {import("../server.js").Call} Call */

/** Callers give up after 45 to 50 s. */
const SEND_MS = 40_000;
const MAX_KEY = 128;

export async function message(/** @type {Call} */ call) {
  const { fields } = call.body;
  const words = text(fields, "message");
  const mentions = Array.isArray(fields.mentions) ? fields.mentions : [];
  return send(call, words, { mentions: mentions.map(readPhone).filter(Boolean).map(toWid) });
}

export async function link(/** @type {Call} */ call) {
  const { fields } = call.body;
  const address = text(fields, "link");
  if (!/^https?:\/\//.test(address)) {
    throw invalid("link: must be a valid URL.");
  }
  return send(call, [fields.caption, address].filter(Boolean).join("\n"), {});
}

export async function image(/** @type {Call} */ call) {
  const { fields } = call.body;
  return send(call, media(call, "image"), {
    ...caption(fields),
    isViewOnce: flag(fields.view_once),
    sendMediaAsHd: flag(fields.hd),
  });
}

export async function video(/** @type {Call} */ call) {
  const { fields } = call.body;
  return send(call, media(call, "video"), {
    ...caption(fields),
    isViewOnce: flag(fields.view_once),
    sendVideoAsGif: flag(fields.gif_playback),
  });
}

export async function audio(/** @type {Call} */ call) {
  return send(call, media(call, "audio"), { sendAudioAsVoice: flag(call.body.fields.ptt) });
}

export async function file(/** @type {Call} */ call) {
  return send(call, media(call, "file"), { ...caption(call.body.fields), sendMediaAsDocument: true });
}

export async function sticker(/** @type {Call} */ call) {
  return send(call, media(call, "sticker"), { sendMediaAsSticker: true });
}

export async function contact(/** @type {Call} */ call) {
  const { fields } = call.body;
  const name = text(fields, "contact_name", 256).replace(/[\r\n]+/g, " ");
  const phone = readPhone(fields.contact_phone);
  if (!phone.endsWith("@s.whatsapp.net")) {
    throw invalid("contact_phone: must be a number with its country code.");
  }
  const digits = phone.split("@")[0];
  const escaped = name.replace(/([\\,;])/g, "\\$1");
  const card = [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `N:;${escaped};;;`,
    `FN:${escaped}`,
    `TEL;type=CELL;waid=${digits}:+${digits}`,
    "END:VCARD",
  ];
  return send(call, card.join("\n"), {});
}

export async function location(/** @type {Call} */ call) {
  const { fields } = call.body;
  return send(
    call,
    new Location(number(fields, "latitude", -90, 90), number(fields, "longitude", -180, 180)),
    {},
  );
}

export async function poll(/** @type {Call} */ call) {
  const { fields } = call.body;
  const question = text(fields, "question", 255);
  const options = Array.isArray(fields.options) ? fields.options : [];
  const sound = options.every((option) => typeof option === "string" && option.trim() !== "");
  if (options.length < 2 || options.length > 12 || !sound || new Set(options).size !== options.length) {
    throw invalid("options: must be 2 to 12 different texts.");
  }
  const most = fields.max_answer === undefined ? 1 : number(fields, "max_answer", 1, options.length);
  // The library knows "one" and "any number".
  const answers = /** @type {any} */ ({ allowMultipleAnswers: most > 1 });
  return send(call, new Poll(question, options, answers), {});
}

export async function presence(/** @type {Call} */ { device, body }) {
  const { type } = body.fields;
  if (type !== "available" && type !== "unavailable") {
    throw invalid("type: must be available or unavailable.");
  }
  const { client } = device;
  const done = type === "available" ? client.sendPresenceAvailable() : client.sendPresenceUnavailable();
  await within(SEND_MS, done, "setting the presence");
  return new Done(`Presence set to ${type}`, { message_id: `presence-${type}`, status: "done" });
}

export async function chatPresence(/** @type {Call} */ { device, body }) {
  const { action, phone, media } = body.fields;
  if (action !== "start" && action !== "stop") {
    throw invalid("action: must be start or stop.");
  }
  const { client } = device;
  const jid = recipient(phone);
  const chat = await within(SEND_MS, client.getChatById(toWid(jid)), "opening the chat");
  if (!chat) {
    throw notOnWhatsApp(jid);
  }
  const shown =
    action === "stop"
      ? chat.clearState()
      : media === "audio"
        ? chat.sendStateRecording()
        : chat.sendStateTyping();
  await within(SEND_MS, shown, "typing");
  return new Done(`Chat presence ${action} sent`, { message_id: `chat-presence-${action}`, status: "done" });
}

/** The address that a message goes to. */
function recipient(/** @type {unknown} */ phone) {
  if (phone === undefined || phone === "") {
    throw invalid("phone: cannot be blank.");
  }
  const jid = readPhone(phone);
  if (!jid) {
    throw invalid("phone: must be a number with its country code, or a full address.");
  }
  return jid;
}

function caption(/** @type {Record<string, any>} */ fields) {
  return typeof fields.caption === "string" && fields.caption ? { caption: fields.caption } : {};
}

/** The file of a form. Addresses are not followed: whoever may call must not make us fetch from inside a network. */
function media(/** @type {Call} */ { body }, /** @type {string} */ name) {
  const upload = body.files.get(name);
  if (!upload) {
    const url = body.fields[`${name}_url`] !== undefined;
    throw invalid(
      url
        ? `${name}_url: is not supported; send the file itself.`
        : `${name}: cannot be blank; send it as a form.`,
    );
  }
  return new MessageMedia(
    upload.type || "application/octet-stream",
    upload.bytes.toString("base64"),
    upload.name,
    upload.bytes.length,
  );
}

/**
 * @param {Call} call
 * @param {any} content
 * @param {object} options
 */
async function send({ device, body, headers }, content, options) {
  const jid = recipient(body.fields.phone);
  const key = String(headers["idempotency-key"] ?? "");
  if (key.length > MAX_KEY) {
    throw invalid(`Idempotency-Key: has at most ${MAX_KEY} characters.`);
  }
  const { client } = device;
  const sent = await device.sends.once(key, async () => {
    const wid = await device.people.reachable(jid);
    if (!wid) {
      throw notOnWhatsApp(jid);
    }
    const quotedMessageId = await quote(device, body.fields, jid);
    const all = {
      ...options,
      ...(quotedMessageId && { quotedMessageId }),
      // Reading is told by its own call.
      sendSeen: false,
      // A message that is gone is no reason not to answer it.
      ignoreQuoteErrors: true,
      waitUntilMsgSent: true,
    };
    return deliver(device, client, { key, wid }, content, all);
  });
  return new Done(`Message sent to ${jid} (server timestamp: ${sent.at})`, {
    message_id: sent.id,
    status: `Message sent to ${jid}`,
  });
}

/**
 * @param {Call["device"]} device
 * @param {any} client
 * @param {{key: string, wid: string}} order
 * @param {any} content
 * @param {object} options
 */
async function deliver(device, client, { key, wid }, content, options) {
  const attempt = (/** @type {string} */ to) =>
    within(SEND_MS, device.sends.track(key, to, client.sendMessage(to, content, options)), "sending");
  /** @type {any} */
  let sent;
  try {
    sent = await attempt(wid).catch(async (/** @type {unknown} */ error) => {
      const lid = /No LID for user|Lid is missing/i.test(words(error)) && (await device.people.lidOf(wid));
      if (!lid) {
        throw error;
      }
      // The chat is kept under the other name.
      return attempt(lid);
    });
  } catch (error) {
    throw sendProblem(device, wid, error);
  }
  // The library says nothing when there is no such chat.
  if (!sent?.id?.id) {
    throw notOnWhatsApp(wid);
  }
  device.note(sent);
  return { id: String(sent.id.id), at: new Date((sent.timestamp ?? Date.now() / 1000) * 1000).toISOString() };
}

/** What an error means for the message. */
function sendProblem(
  /** @type {Call["device"]} */ device,
  /** @type {string} */ wid,
  /** @type {unknown} */ error,
) {
  if (error instanceof Refusal) {
    return error;
  }
  if (error instanceof Late) {
    return unknownOutcome(`${error.message}; the message may have gone out`);
  }
  if (isPageGone(error)) {
    device.session.pageGone();
    // A detached frame takes no order; anything else may have been in the middle of one.
    return /detached Frame/i.test(words(error))
      ? notConnected()
      : unknownOutcome("the page of WhatsApp Web went away while sending; the message may have gone out");
  }
  if (/No LID for user|Lid is missing/i.test(words(error))) {
    return notOnWhatsApp(wid);
  }
  return new Refusal(500, "INTERNAL_SERVER_ERROR", words(error));
}

/** The full key of the message that is answered, if it can be found at once. */
async function quote(
  /** @type {Call["device"]} */ device,
  /** @type {Record<string, any>} */ fields,
  /** @type {string} */ jid,
) {
  const id = fields.reply_message_id;
  return typeof id === "string" && id ? findKey(device, id, jid) : "";
}
