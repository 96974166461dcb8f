// The table of calls. Paths, fields and answers are the gateway's (version 8 and newer); what it lacks is marked.

import * as chats from "./routes/chats.js";
import * as devices from "./routes/devices.js";
import * as groups from "./routes/groups.js";
import * as messages from "./routes/messages.js";
import * as people from "./routes/people.js";
import * as send from "./routes/send.js";

/** @typedef {import("./server.js").Call} Call */
/**
 * @typedef {object} Route
 * @property {string} method
 * @property {string} path
 * @property {boolean} device whether it is about one
 * @property {(call: Call) => unknown} handle
 */

/** @returns {Route} */
const all = (
  /** @type {string} */ method,
  /** @type {string} */ path,
  /** @type {Route["handle"]} */ handle,
) => ({
  method,
  path,
  device: false,
  handle,
});
/** @returns {Route} */
const one = (
  /** @type {string} */ method,
  /** @type {string} */ path,
  /** @type {Route["handle"]} */ handle,
) => ({
  method,
  path,
  device: true,
  handle,
});

/** @type {Route[]} */
export const routes = [
  all("GET", "/health", devices.health),
  all("GET", "/app/info", devices.info),
  all("GET", "/devices", devices.list),
  all("POST", "/devices", devices.create),
  one("GET", "/devices/:device", devices.view),
  one("DELETE", "/devices/:device", devices.remove),
  one("GET", "/devices/:device/login", devices.login),
  one("POST", "/devices/:device/login/code", devices.loginCode),
  one("POST", "/devices/:device/logout", devices.logout),
  one("POST", "/devices/:device/reconnect", devices.reconnect),
  one("GET", "/devices/:device/status", devices.status),
  one("GET", "/devices/:device/webhook", devices.webhook),
  one("PATCH", "/devices/:device/webhook", devices.setWebhook),
  // Not the gateway's: ends the browser and keeps the link; `reconnect` begins again.
  one("POST", "/devices/:device/stop", devices.stop),
  // Not the gateway's: reports what the page knows as `history.batch`.
  one("POST", "/devices/:device/history", devices.history),
  one("GET", "/app/login", devices.login),
  one("GET", "/app/login-with-code", devices.loginCode),
  one("GET", "/app/logout", devices.logout),
  one("GET", "/app/reconnect", devices.reconnect),
  one("GET", "/app/status", devices.status),
  all("GET", "/app/devices", devices.appDevices),
  all("GET", "/statics/qrcode/:file", devices.qrPicture),
  all("GET", "/statics/media/:folder/:file", messages.mediaFile),

  one("POST", "/send/message", send.message),
  one("POST", "/send/link", send.link),
  one("POST", "/send/image", send.image),
  one("POST", "/send/video", send.video),
  one("POST", "/send/audio", send.audio),
  one("POST", "/send/file", send.file),
  one("POST", "/send/sticker", send.sticker),
  one("POST", "/send/contact", send.contact),
  one("POST", "/send/location", send.location),
  one("POST", "/send/poll", send.poll),
  one("POST", "/send/presence", send.presence),
  one("POST", "/send/chat-presence", send.chatPresence),

  one("POST", "/message/:id/reaction", messages.react),
  one("POST", "/message/:id/revoke", messages.revoke),
  one("POST", "/message/:id/delete", messages.remove),
  one("POST", "/message/:id/update", messages.update),
  one("POST", "/message/:id/read", messages.read),
  one("POST", "/message/:id/star", messages.star),
  one("POST", "/message/:id/unstar", messages.unstar),
  one("GET", "/message/:id/download", messages.download),

  one("GET", "/chats", chats.list),
  one("GET", "/chat/:jid/messages", chats.messages),
  one("POST", "/chat/:jid/archive", chats.archive),
  one("POST", "/chat/:jid/pin", chats.pin),

  one("GET", "/user/info", people.info),
  one("GET", "/user/avatar", people.avatar),
  one("GET", "/user/check", people.check),
  one("GET", "/user/my/groups", groups.mine),
  one("GET", "/user/my/contacts", people.contacts),

  one("GET", "/group/info", groups.info),
  one("GET", "/group/participants", groups.participants),
  one("GET", "/group/invite-link", groups.inviteLink),
  one("POST", "/group", groups.create),
  one("POST", "/group/participants", groups.add),
  one("POST", "/group/participants/remove", groups.removePeople),
  one("POST", "/group/participants/promote", groups.promote),
  one("POST", "/group/participants/demote", groups.demote),
  one("POST", "/group/name", groups.rename),
  one("POST", "/group/topic", groups.describe),
  one("POST", "/group/announce", groups.announce),
  one("POST", "/group/locked", groups.lock),
  one("POST", "/group/leave", groups.leave),
];
