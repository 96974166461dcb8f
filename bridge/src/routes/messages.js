// What is done to messages that exist.

import fs from "node:fs/promises";
import path from "node:path";
import { createHash } from "node:crypto";

import { Done, File, Refusal, invalid, notFound } from "../answers.js";
import { text } from "../body.js";
import { readPhone, serialized, toWid } from "../ids.js";
import { within } from "../limits.js";
import { findMessage } from "../messages.js";
import { canRevoke } from "../page.js";
import { folderName } from "../registry.js";

/** @typedef {import("../server.js").Call} Call */

const ACT_MS = 30_000;
const DOWNLOAD_MS = 40_000;
/** WhatsApp's servers need a moment now and then. */
const DOWNLOAD_TRIES = 2;
/** Fetched at once or not at all. */
const KEPT_MS = 60 * 60_000;

/** File name endings by what the library says. Nobody trusts them. */
const ENDINGS = /** @type {Record<string, string>} */ ({
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
  "image/gif": "gif",
  "video/mp4": "mp4",
  "video/3gpp": "3gp",
  "audio/ogg": "ogg",
  "audio/mpeg": "mp3",
  "audio/mp4": "m4a",
  "audio/aac": "aac",
  "application/pdf": "pdf",
});

export async function react(/** @type {Call} */ call) {
  const { emoji } = call.body.fields;
  if (typeof emoji !== "string" || emoji.length > 64) {
    throw invalid("emoji: must be a text; an empty one takes the reaction away.");
  }
  const message = await found(call);
  await act(call.device.client.sendReaction(serialized(message.id), emoji), "reacting");
  // The library does not tell the reaction's own id.
  return done("Reaction sent", `reaction-${message.id.id}-${Date.now().toString(36)}`);
}

export async function revoke(/** @type {Call} */ call) {
  const message = await found(call);
  if (!(await act(canRevoke(call.device.client, serialized(message.id)), "asking"))) {
    throw invalid("message_id: WhatsApp no longer lets this message be deleted for everyone.");
  }
  await act(message.delete(true), "deleting");
  return done("Revoke success", message.id.id);
}

export async function remove(/** @type {Call} */ call) {
  const message = await found(call);
  await act(message.delete(false), "deleting");
  return new Done("Message deleted");
}

export async function update(/** @type {Call} */ call) {
  const words = text(call.body.fields, "message");
  const message = await found(call);
  if (!(await act(message.edit(words), "editing"))) {
    throw invalid("message_id: WhatsApp no longer lets this message be changed.");
  }
  return done("Update message success", message.id.id);
}

export async function read(/** @type {Call} */ { device, path: { id = "" }, body }) {
  const jid = chat(body.fields.phone);
  // The library reads a chat as a whole.
  if (!(await act(device.client.sendSeen(toWid(jid)), "reading"))) {
    throw notFound("chat not found");
  }
  return done("Mark as read success", id);
}

export async function star(/** @type {Call} */ call) {
  await act((await found(call)).star(), "starring");
  return new Done("Message starred");
}

export async function unstar(/** @type {Call} */ call) {
  await act((await found(call)).unstar(), "unstarring");
  return new Done("Message unstarred");
}

export async function download(/** @type {Call} */ call) {
  const { device, query } = call;
  const message = await findMessage(device, call.path.id ?? "", chat(query.get("phone")));
  if (!message.hasMedia) {
    throw notFound("the message holds no file");
  }
  /** @type {any} */
  let file;
  for (let tries = 0; tries < DOWNLOAD_TRIES && !file?.data; tries += 1) {
    file = await within(DOWNLOAD_MS, message.downloadMedia(), "downloading");
  }
  if (!file?.data) {
    throw new Refusal(404, "NOT_FOUND", "WhatsApp no longer has this file; the sender's phone may");
  }
  const name = fileName(message.id.id, file);
  const folder = path.join(device.options.folder, "media");
  const bytes = Buffer.from(file.data, "base64");
  await fs.mkdir(folder, { recursive: true });
  await tidy(folder);
  await fs.writeFile(path.join(folder, name), bytes);
  return new Done("Media downloaded successfully", {
    message_id: message.id.id,
    status: "Media downloaded successfully",
    media_type: message.type,
    filename: file.filename ?? name,
    mime_type: file.mimetype ?? "",
    file_path: `statics/media/${folderName(device.record.id)}/${name}`,
    file_size: bytes.length,
  });
}

export function mediaFile(/** @type {Call} */ { bridge, path: { folder = "", file = "" } }) {
  const device = [...bridge.devices.values()].find(({ record }) => folderName(record.id) === folder);
  if (!device || !/^[A-Za-z0-9-]+\.[a-z0-9]+$/.test(file)) {
    throw notFound("no such file");
  }
  const at = path.join(device.options.folder, "media", file);
  return fs.access(at).then(
    () => new File(at, "application/octet-stream"),
    () => {
      throw notFound("no such file");
    },
  );
}

/** Nothing but letters and digits: names come from strangers. */
function fileName(/** @type {string} */ id, /** @type {any} */ file) {
  const type =
    String(file.mimetype ?? "")
      .split(";")[0]
      ?.trim() ?? "";
  const own = /\.([A-Za-z0-9]{1,8})$/.exec(String(file.filename ?? ""))?.[1]?.toLowerCase();
  const name = createHash("sha256").update(id).digest("hex").slice(0, 32);
  return `${name}.${ENDINGS[type] ?? own ?? "bin"}`;
}

async function tidy(/** @type {string} */ folder) {
  for (const name of await fs.readdir(folder)) {
    const file = path.join(folder, name);
    const at = await fs.stat(file).catch(() => undefined);
    if (at && at.mtimeMs < Date.now() - KEPT_MS) {
      await fs.rm(file, { force: true });
    }
  }
}

function chat(/** @type {unknown} */ phone) {
  const jid = readPhone(phone);
  if (!jid) {
    throw invalid("phone: cannot be blank; it must be a number with its country code, or a full address.");
  }
  return jid;
}

function found(/** @type {Call} */ { device, path: { id = "" }, body }) {
  return findMessage(device, id, chat(body.fields.phone));
}

/** @template T */
function act(/** @type {Promise<T>} */ promise, /** @type {string} */ what) {
  return within(ACT_MS, promise, what);
}

function done(/** @type {string} */ status, /** @type {string} */ id) {
  return new Done(status, { message_id: id, status });
}
