// Slots: made, linked, looked after, deleted.

import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { Done, Refusal, invalid, notFound } from "../answers.js";
import { webhookProblem } from "../config.js";
import { catchUp } from "../history.js";
import { LIBRARY_VERSION } from "../library.js";
import { Late, words } from "../limits.js";
import { drawQr } from "../qr.js";
import { isDeviceId } from "../registry.js";

/** @typedef {import("../server.js").Call} Call */

/** @type {{version: string}} */
const { version: VERSION } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** Callers give up after 45 to 50 s. */
const PATIENCE = 40_000;
/** Ask again after so many seconds: a code may be replaced any time, and the newest is always given. */
const QR_SECONDS = 20;

/** More than `OK` for those who have the password. */
export async function health(/** @type {Call} */ { bridge }) {
  const devices = await Promise.all([...bridge.devices.values()].map((device) => device.status()));
  return {
    status: bridge.healthy ? "ok" : "failing",
    version: VERSION,
    library_version: LIBRARY_VERSION,
    uptime_seconds: Math.round(process.uptime()),
    memory_mb: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    devices,
  };
}

export function info(/** @type {Call} */ { bridge }) {
  const most = bridge.options.config.maxBodyBytes;
  return {
    version: `bridge ${VERSION} (whatsapp-web.js ${LIBRARY_VERSION})`,
    os: process.platform,
    base_path: "",
    max_file_size: most,
    max_video_size: most,
    max_image_size: most,
    chatwoot_enabled: false,
  };
}

export function list(/** @type {Call} */ { bridge }) {
  return new Done(
    "List devices",
    [...bridge.devices.values()].map((device) => device.view()),
  );
}

export function appDevices(/** @type {Call} */ { bridge }) {
  const linked = [...bridge.devices.values()].filter((device) => device.record.linked);
  return linked.map(({ record }) => ({ name: record.name, device: record.id, jid: record.jid }));
}

export async function create(/** @type {Call} */ { bridge, body }) {
  const { device_id: id = randomUUID(), webhook_url: url = "" } = body.fields;
  if (!isDeviceId(id)) {
    throw invalid("device_id: has at most 128 letters, digits, dots, hyphens, underscores, colons and @.");
  }
  const device = await bridge.create(id, url === "" ? undefined : readWebhook(body.fields));
  return new Done("Device added", device.view());
}

export function view(/** @type {Call} */ { device }) {
  return device.view();
}

export async function remove(/** @type {Call} */ { bridge, device }) {
  await bridge.remove(device);
  return new Done("Device removed");
}

export async function login(/** @type {Call} */ { device, headers }) {
  if (device.session.state === "pairing") {
    await device.restart();
  }
  await reachQr(device);
  const name = pictureName(device.session.qr.text);
  return new Done("Login success", {
    device_id: device.record.id,
    qr_link: `http://${headers.host ?? "localhost"}/statics/qrcode/${name}`,
    qr_duration: QR_SECONDS,
  });
}

export async function loginCode(/** @type {Call} */ { device, query, body }) {
  const digits = String(query.get("phone") ?? body.fields.phone ?? "").replace(/^\+/, "");
  if (!/^[1-9]\d{6,14}$/.test(digits)) {
    throw invalid("phone: must be a number with its country code.");
  }
  if (device.session.state !== "pairing") {
    await reachQr(device);
  }
  const code = await device.session.pairingCode(digits).catch((/** @type {unknown} */ error) => {
    const why = error instanceof Late ? "no pairing code came" : words(error);
    throw new Refusal(500, "QR_CHANNEL_ERROR", `WhatsApp gives no pairing code for this number now (${why})`);
  });
  const bare = String(code)
    .replace(/[^A-Za-z0-9]/g, "")
    .toUpperCase();
  const spelled = bare.length === 8 ? `${bare.slice(0, 4)}-${bare.slice(4)}` : bare;
  return new Done("Login with code success", { device_id: device.record.id, pair_code: spelled });
}

export async function logout(/** @type {Call} */ { device }) {
  await device.logout();
  return new Done("Success logout");
}

export async function reconnect(/** @type {Call} */ { device }) {
  await device.restart();
  return new Done("Reconnect success");
}

export async function stop(/** @type {Call} */ { device }) {
  await device.stop();
  return new Done("Stopped");
}

export async function status(/** @type {Call} */ { device }) {
  return new Done("Device status", await device.status());
}

export async function history(/** @type {Call} */ { device, body }) {
  const { chats = 500, messages = 50, since = 0 } = body.fields;
  for (const [name, value, most] of [
    ["chats", chats, 10_000],
    ["messages", messages, 500],
    ["since", since, 1e10],
  ]) {
    if (!Number.isInteger(value) || value < 0 || value > most) {
      throw invalid(`${name}: must be a whole number from 0 to ${most}.`);
    }
  }
  // Refused before it begins if the phone is not connected.
  void device.client;
  catchUp(device, since, "history", { chats, perChat: messages }).then(
    (count) => device.log("info", "history reported", count),
    (error) => device.log("error", "history could not be read", { error: words(error) }),
  );
  return new Done("History is being reported");
}

export function webhook(/** @type {Call} */ { device }) {
  return shown(device);
}

export async function setWebhook(/** @type {Call} */ { device, body }) {
  const { webhook_url: url } = body.fields;
  if (typeof url !== "string") {
    throw invalid("webhook_url: cannot be blank.");
  }
  device.record.webhook = url.trim() === "" ? undefined : readWebhook(body.fields);
  await device.options.save();
  device.delivery.retryNow();
  return new Done("Device webhook updated", shown(device));
}

export function qrPicture(/** @type {Call} */ { bridge, path }) {
  for (const { session } of bridge.devices.values()) {
    if (session.qr && pictureName(session.qr.text) === path.file) {
      return drawQr(session.qr.text);
    }
  }
  throw notFound("this QR code is no longer valid; ask for a new one");
}

/** Whoever has the name has the code, so it cannot be guessed. */
function pictureName(/** @type {string} */ text) {
  return `scan-qr-${createHash("sha256").update(text).digest("hex").slice(0, 32)}.png`;
}

/** Begins to link, if needed, and waits for a code. */
async function reachQr(/** @type {Call["device"]} */ device) {
  await device.start();
  const { session } = device;
  const reached = await session.reaches(["qr", "ready", "error", "disconnected", "stopped"], PATIENCE);
  if (session.state === "ready") {
    throw new Refusal(400, "ALREADY_LOGGED_IN", "you are already logged in");
  }
  if (!reached || session.state !== "qr") {
    const why = session.reason || `no QR code came within ${PATIENCE / 1000} s; the browser is still loading`;
    throw new Refusal(500, "QR_CHANNEL_ERROR", why);
  }
}

/** @returns {import("../registry.js").Webhook} */
function readWebhook(/** @type {Record<string, any>} */ fields) {
  const { webhook_url: url, webhook_secret: secret = "", webhook_events: events = "" } = fields;
  if (typeof url !== "string" || typeof secret !== "string" || typeof events !== "string") {
    throw invalid("webhook_url, webhook_secret and webhook_events: must be texts.");
  }
  const problem = webhookProblem(url.trim(), secret);
  if (problem) {
    throw invalid(`${problem}.`);
  }
  if (fields.webhook_insecure_skip_verify === true) {
    throw invalid("webhook_insecure_skip_verify: certificates are always verified.");
  }
  const names = events.split(",").map((name) => name.trim());
  return { url: url.trim(), secret, events: names.filter(Boolean) };
}

function shown(/** @type {Call["device"]} */ { record }) {
  const { url = "", secret = "", events = [] } = record.webhook ?? {};
  return {
    device_id: record.id,
    webhook_url: url,
    webhook_secret: secret,
    webhook_events: events.join(","),
    webhook_insecure_skip_verify: false,
  };
}
