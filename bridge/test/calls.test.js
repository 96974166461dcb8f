// Every call, with what the library is asked and what the caller gets.

import assert from "node:assert/strict";
import { after, before, beforeEach, mock, test } from "node:test";

import { routes } from "../src/routes.js";
import { golden } from "./support/golden.js";
import { GROUP, LID, PEER, fixture } from "./support/replay.js";
import { DEVICE, Rig, SECRET } from "./support/rig.js";
import { until } from "./support/until.js";

const JID = "554198765432@s.whatsapp.net";
const GROUP_JID = GROUP;
const OUT = fixture("message_text_out_echo_message_create");
const OUT_KEY = OUT.id._serialized;

/** @type {Rig} */
let rig;
/** Which routes were called. */
const called = new Set();

before(async () => {
  mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-08-20T03:40:00Z") });
  rig = await new Rig().open({
    history: [fixture("message_text_in"), OUT, fixture("message_ptt"), fixture("message_group_in")],
  });
  await rig.ready();
});
after(async () => {
  await rig.close();
  mock.timers.reset();
});
beforeEach(() => {
  rig.client.calls.length = 0;
  rig.client.script.answers = {};
});

/**
 * A call that must be good. Its answer is golden.
 *
 * @param {string} name
 * @param {string} method
 * @param {string} at
 * @param {any} [body]
 */
async function good(name, method, at, body) {
  const { http, json, text } = await call(method, at, body);
  assert.equal(http, 200, text);
  assert.equal(json.code, "SUCCESS");
  assert.equal(typeof json.message, "string");
  golden("rest", name, json);
  return json.results;
}

/** A call that must be refused. */
async function refused(
  /** @type {number} */ http,
  /** @type {string} */ code,
  /** @type {string} */ method,
  /** @type {string} */ at,
  /** @type {any} */ body = undefined,
) {
  const answer = await call(method, at, body);
  assert.deepEqual([answer.http, answer.json?.code], [http, code], answer.text);
  return answer.json;
}

async function call(/** @type {string} */ method, /** @type {string} */ at, /** @type {any} */ body) {
  const parts = (at.split("?")[0] ?? "").split("/");
  const route = routes.find(
    (r) =>
      r.method === method &&
      r.path.split("/").length === parts.length &&
      r.path.split("/").every((part, i) => part.startsWith(":") || part === parts[i]),
  );
  called.add(route);
  return rig.call(method, at, body, { "x-device-id": DEVICE });
}

/** What the library was asked, by name. */
function asked(/** @type {string} */ name) {
  return rig.client.calls.filter(([n]) => n === name).map(([, ...args]) => args);
}

function form(/** @type {Record<string, any>} */ fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    form.set(name, value);
  }
  return form;
}

const picture = () => new File(["picture"], "foto.png", { type: "image/png" });

test("health", async () => {
  const open = await fetch(`${rig.url}/health`);
  assert.deepEqual([open.status, await open.text()], [200, "OK"]);
  const { json } = await call("GET", "/health", undefined);
  assert.equal(json.results.devices[0].state, "ready");
  assert.equal(json.results.library_version, "1.34.7");
});

test("which program", async () => {
  const results = await good("app_info", "GET", "/app/info");
  assert.match(results.version, /^bridge .*1\.34\.7/);
});

test("devices", async () => {
  await good("devices_list", "GET", "/devices");
  await good("device_view", "GET", `/devices/${DEVICE}`);
  await good("device_status", "GET", `/devices/${DEVICE}/status`);
  await good("app_status", "GET", "/app/status");
  await good("app_devices", "GET", "/app/devices");
  assert.equal(
    (await call("GET", `/devices/${encodeURIComponent("5511988887777@s.whatsapp.net")}`, undefined)).http,
    200,
  );
});

test("webhooks of devices", async () => {
  const before = (await call("GET", `/devices/${DEVICE}/webhook`, undefined)).json.results;
  const change = {
    webhook_url: "https://inbox.example.com/hook",
    webhook_secret: SECRET,
    webhook_events: "message, x",
  };
  await good("device_webhook", "PATCH", `/devices/${DEVICE}/webhook`, change);
  assert.equal(
    (await call("GET", `/devices/${DEVICE}/webhook`, undefined)).json.results.webhook_url,
    change.webhook_url,
  );
  const cleared = await call("PATCH", `/devices/${DEVICE}/webhook`, { webhook_url: "" });
  assert.equal(cleared.json.results.webhook_url, "");
  await call("PATCH", `/devices/${DEVICE}/webhook`, before);
  for (const odd of [{}, { webhook_url: "ftp://x", webhook_secret: SECRET }, { webhook_url: 5 }]) {
    await refused(400, "VALIDATION_ERROR", "PATCH", `/devices/${DEVICE}/webhook`, odd);
  }
  for (const secret of ["secret", "short", undefined]) {
    const body = { webhook_url: "https://x.example", webhook_secret: secret };
    await refused(400, "VALIDATION_ERROR", "PATCH", `/devices/${DEVICE}/webhook`, body);
  }
});

test("linked already", async () => {
  for (const [method, at] of [
    ["GET", "/app/login"],
    ["GET", `/devices/${DEVICE}/login`],
    ["GET", "/app/login-with-code?phone=5511988887777"],
    ["POST", `/devices/${DEVICE}/login/code?phone=5511988887777`],
  ]) {
    await refused(400, "ALREADY_LOGGED_IN", method ?? "", at ?? "");
  }
});

test("text", async () => {
  const body = { phone: JID, message: "resposta", mentions: ["554198765432"] };
  const results = await good("send_message", "POST", "/send/message", body);
  assert.equal(results.message_id, "3EB00106E8BE0F407E88EC");
  const [[to, text, options] = []] = asked("sendMessage");
  assert.deepEqual([to, text], [PEER, "resposta"]);
  assert.deepEqual(options, {
    mentions: [PEER],
    sendSeen: false,
    ignoreQuoteErrors: true,
    waitUntilMsgSent: true,
  });
});

test("a reply names the whole key", async () => {
  const id = "3EB0C127D7BACC83D6A1";
  await call("POST", "/send/message", { phone: JID, message: "x", reply_message_id: id });
  assert.equal(asked("sendMessage")[0]?.[2].quotedMessageId, `false_${PEER}_${id}`);
  await call("POST", "/send/message", { phone: JID, message: "x", reply_message_id: "GONE" });
  assert.equal(asked("sendMessage")[1]?.[2].quotedMessageId, undefined, "sent without the quote");
  await call("POST", "/send/message", { phone: GROUP_JID, message: "x", reply_message_id: id });
  assert.equal(asked("sendMessage")[2]?.[2].quotedMessageId, fixture("message_group_in").id._serialized);
});

test("the same order twice is one message", async () => {
  const order = (/** @type {string} */ key) =>
    rig.call(
      "POST",
      "/send/message",
      { phone: JID, message: "once" },
      { "x-device-id": DEVICE, "idempotency-key": key },
    );
  const [first, second] = await Promise.all([order("a"), order("a")]);
  assert.equal(first.text, second.text);
  assert.equal((await order("a")).http, 200);
  assert.equal(asked("sendMessage").length, 1);
  await order("b");
  assert.equal(asked("sendMessage").length, 2);
});

test("what certainly did not go out may be ordered again", async () => {
  const order = () =>
    rig.call(
      "POST",
      "/send/message",
      { phone: JID, message: "x" },
      { "x-device-id": DEVICE, "idempotency-key": "c" },
    );
  rig.client.script.answers = { sendMessage: undefined };
  assert.equal((await order()).json.code, "INVALID_JID");
  rig.client.script.answers = {};
  assert.equal((await order()).http, 200);
});

test("files", async () => {
  const fields = { phone: JID, caption: "Olá" };
  await good(
    "send_image",
    "POST",
    "/send/image",
    form({ ...fields, image: picture(), view_once: "true", hd: "true" }),
  );
  await good(
    "send_video",
    "POST",
    "/send/video",
    form({ ...fields, video: picture(), gif_playback: "true" }),
  );
  await good("send_audio", "POST", "/send/audio", form({ ...fields, audio: picture(), ptt: "true" }));
  await good("send_file", "POST", "/send/file", form({ ...fields, file: picture() }));
  await good("send_sticker", "POST", "/send/sticker", form({ ...fields, sticker: picture() }));
  const sent = asked("sendMessage");
  assert.deepEqual(
    sent.map(([, media]) => [media.mimetype, Buffer.from(media.data, "base64").toString(), media.filename]),
    Array.from({ length: 5 }, () => ["image/png", "picture", "foto.png"]),
  );
  const [image, video, audio, file, sticker] = sent.map(([, , options]) => options);
  assert.deepEqual([image.caption, image.isViewOnce, image.sendMediaAsHd], ["Olá", true, true]);
  assert.equal(video.sendVideoAsGif, true);
  assert.equal(audio.sendAudioAsVoice, true);
  assert.equal(file.sendMediaAsDocument, true);
  assert.equal(sticker.sendMediaAsSticker, true);
  const url = await refused(400, "VALIDATION_ERROR", "POST", "/send/image", {
    phone: JID,
    image_url: "http://10.0.0.1/",
  });
  assert.match(url.message, /send the file itself/);
  await refused(400, "VALIDATION_ERROR", "POST", "/send/image", { phone: JID });
});

test("contact, link, location, poll", async () => {
  const contact = { phone: JID, contact_name: "Ana; Maria", contact_phone: "+554198765432" };
  await good("send_contact", "POST", "/send/contact", contact);
  assert.match(
    asked("sendMessage")[0]?.[1],
    /^BEGIN:VCARD\n.*FN:Ana\\; Maria\nTEL;type=CELL;waid=554198765432:\+55/s,
  );
  await good("send_link", "POST", "/send/link", { phone: JID, link: "https://example.org", caption: "see" });
  assert.equal(asked("sendMessage")[1]?.[1], "see\nhttps://example.org");
  await good("send_location", "POST", "/send/location", { phone: JID, latitude: "-6.2", longitude: "106.8" });
  assert.deepEqual(
    [asked("sendMessage")[2]?.[1].latitude, asked("sendMessage")[2]?.[1].longitude],
    [-6.2, 106.8],
  );
  await good("send_poll", "POST", "/send/poll", {
    phone: JID,
    question: "?",
    options: ["a", "b"],
    max_answer: 2,
  });
  assert.equal(asked("sendMessage")[3]?.[1].options.allowMultipleAnswers, true);
  for (const [at, odd] of /** @type {[string, object][]} */ ([
    ["contact", { contact_name: "x", contact_phone: "abc" }],
    ["link", { link: "javascript:alert(1)" }],
    ["location", { latitude: "91", longitude: "0" }],
    ["location", { latitude: "", longitude: "0" }],
    ["poll", { question: "?", options: ["a", "a"] }],
    ["poll", { question: "?", options: ["a"] }],
    ["poll", { question: "?", options: ["a", "b"], max_answer: 3 }],
  ])) {
    await refused(400, "VALIDATION_ERROR", "POST", `/send/${at}`, { phone: JID, ...odd });
  }
});

test("presence and typing", async () => {
  await good("send_presence", "POST", "/send/presence", { type: "available" });
  await good("send_chat_presence", "POST", "/send/chat-presence", { phone: JID, action: "start" });
  await call("POST", "/send/chat-presence", { phone: JID, action: "start", media: "audio" });
  await call("POST", "/send/chat-presence", { phone: JID, action: "stop" });
  const names = rig.client.calls.map(([name]) => name);
  assert.deepEqual(
    names.filter((name) => name !== "getChatById"),
    ["sendPresenceAvailable", "sendStateTyping", "sendStateRecording", "clearState"],
  );
  await refused(400, "VALIDATION_ERROR", "POST", "/send/presence", { type: "x" });
  await refused(400, "VALIDATION_ERROR", "POST", "/send/chat-presence", { phone: JID });
});

test("recipients", async () => {
  for (const phone of [
    "",
    "abc",
    "0812345",
    "1@newsletter",
    "status@broadcast",
    "../etc",
    "1".repeat(100),
    null,
    {},
  ]) {
    await refused(400, "VALIDATION_ERROR", "POST", "/send/message", { phone, message: "x" });
  }
  for (const [phone, to] of [
    ["+554198765432", PEER],
    ["554198765432:12@s.whatsapp.net", PEER],
    [LID, LID],
    [GROUP_JID, GROUP],
  ]) {
    await call("POST", "/send/message", { phone, message: "x" });
    assert.equal(asked("sendMessage").at(-1)?.[0], to, phone);
  }
});

test("numbers that are not on WhatsApp", async () => {
  rig.client.script.answers = { getNumberId: null };
  await refused(404, "INVALID_JID", "POST", "/send/message", { phone: "628111111111", message: "x" });
  assert.equal(asked("sendMessage").length, 0);
  // Says nothing when there is no such chat.
  rig.client.script.answers = { sendMessage: undefined };
  await refused(404, "INVALID_JID", "POST", "/send/message", { phone: JID, message: "x" });
  // An error is no "no".
  rig.client.script.answers = {
    getNumberId: () => {
      throw new Error("lookup failed");
    },
  };
  assert.equal((await call("POST", "/send/message", { phone: "628122222222", message: "x" })).http, 200);
});

test("chats that are kept under a LID", async () => {
  let tries = 0;
  rig.client.script.answers = {
    sendMessage: (/** @type {string} */ to) => {
      tries += 1;
      if (to !== LID) {
        throw new Error("No LID for user");
      }
      return rig.client.message(OUT);
    },
  };
  assert.equal((await call("POST", "/send/message", { phone: JID, message: "x" })).http, 200);
  assert.equal(tries, 2);
  rig.client.script.answers = {
    sendMessage: () => {
      throw new Error("Lid is missing in chat table");
    },
    getContactLidAndPhone: [{}],
  };
  await refused(404, "INVALID_JID", "POST", "/send/message", { phone: JID, message: "x" });
});

test("what is done to messages", async () => {
  const id = "3EB00106E8BE0F407E88EC";
  const about = { phone: JID };
  const reaction = await good("reaction_sent", "POST", `/message/${id}/reaction`, { ...about, emoji: "👍" });
  assert.notEqual(reaction.message_id, id, "a reaction is no message of that id");
  assert.deepEqual(asked("sendReaction"), [[OUT_KEY, "👍"]]);
  await good("message_revoked", "POST", `/message/${id}/revoke`, about);
  await good("message_deleted", "POST", `/message/${id}/delete`, about);
  assert.deepEqual(asked("delete"), [
    [OUT_KEY, true],
    [OUT_KEY, false],
  ]);
  await good("message_updated", "POST", `/message/${id}/update`, { ...about, message: "novo" });
  assert.deepEqual(asked("edit"), [[OUT_KEY, "novo"]]);
  await good("message_read", "POST", `/message/${id}/read`, about);
  assert.deepEqual(asked("sendSeen"), [[PEER]]);
  await good("message_starred", "POST", `/message/${id}/star`, about);
  await good("message_unstarred", "POST", `/message/${id}/unstar`, about);
  assert.equal(
    (await call("POST", `/message/${encodeURIComponent(OUT_KEY)}/star`, about)).http,
    200,
    "by its whole key",
  );

  rig.client.script.answers = { edit: null, sendSeen: false };
  await refused(400, "VALIDATION_ERROR", "POST", `/message/${id}/update`, { ...about, message: "late" });
  await refused(404, "NOT_FOUND", "POST", `/message/${id}/read`, about);
  await refused(404, "NOT_FOUND", "POST", "/message/GONE/reaction", { ...about, emoji: "" });
  await refused(400, "VALIDATION_ERROR", "POST", `/message/${id}/reaction`, { ...about, emoji: 5 });
  await refused(400, "VALIDATION_ERROR", "POST", `/message/${id}/reaction`, { emoji: "👍" });
});

test("files of messages", async () => {
  const id = fixture("message_ptt").id.id;
  const results = await good("message_download", "GET", `/message/${id}/download?phone=${JID}`);
  assert.match(results.file_path, /^statics\/media\/acc_1\/[0-9a-f]{32}\.ogg$/);
  const file = await call("GET", `/${results.file_path}`, undefined);
  assert.deepEqual([file.http, file.text], [200, "a file"]);
  const alone = await fetch(`${rig.url}/${results.file_path}`);
  assert.equal(alone.status, 401, "not without the password");
  await alone.text();

  rig.client.script.answers = { downloadMedia: undefined };
  await refused(404, "NOT_FOUND", "GET", `/message/${id}/download?phone=${JID}`);
  assert.equal(asked("downloadMedia").length, 3, "tried twice");
  await refused(404, "NOT_FOUND", "GET", `/message/3EB00106E8BE0F407E88EC/download?phone=${JID}`);
  for (const odd of [
    "acc_1/x",
    "acc_1/..%2f..%2fdevices.json",
    "..%2f../devices.json",
    "nobody/a.ogg",
    "acc_1/0.ogg",
  ]) {
    await refused(404, "NOT_FOUND", "GET", `/statics/media/${odd}`);
  }
});

test("chats", async () => {
  const results = await good("chats", "GET", "/chats?limit=100&offset=0");
  assert.deepEqual(
    results.data.map((/** @type {any} */ chat) => [chat.jid, chat.name]),
    [
      [JID, "Ana"],
      [GROUP_JID, "Suporte"],
    ],
  );
  assert.deepEqual((await call("GET", "/chats?limit=1&offset=1", undefined)).json.results.data.length, 1);
  assert.deepEqual((await call("GET", "/chats?search=sup", undefined)).json.results.pagination.total, 1);
  assert.deepEqual((await call("GET", "/chats?archived=true", undefined)).json.results.data, []);
  for (const odd of ["limit=0", "limit=x", "offset=-1", "offset=1.5"]) {
    await refused(400, "VALIDATION_ERROR", "GET", `/chats?${odd}`);
  }
});

test("messages of a chat", async () => {
  const results = await good("chat_messages", "GET", `/chat/${JID}/messages?limit=50`);
  assert.equal(results.data.length, 3);
  const group = await call("GET", `/chat/${GROUP_JID}/messages`, undefined);
  assert.equal(group.json.results.data[0].sender_jid, JID);
  const page = (await call("GET", `/chat/${JID}/messages?limit=1`, undefined)).json.results;
  assert.deepEqual([page.data.length, page.pagination.total], [1, 2], "there is more");
  const ours = await call("GET", `/chat/${JID}/messages?is_from_me=true`, undefined);
  assert.deepEqual(
    ours.json.results.data.map((/** @type {any} */ row) => row.id),
    [OUT.id.id],
  );
  const later = await call("GET", `/chat/${JID}/messages?start_time=2027-01-01T00:00:00Z`, undefined);
  assert.deepEqual(later.json.results.data, []);
  const unknown = await call("GET", "/chat/628999999999@s.whatsapp.net/messages", undefined);
  assert.deepEqual(unknown.json.results.data, []);
  await refused(400, "VALIDATION_ERROR", "GET", "/chat/abc/messages");
  await refused(400, "VALIDATION_ERROR", "GET", `/chat/${JID}/messages?offset=5000`);
  await refused(400, "VALIDATION_ERROR", "GET", `/chat/${JID}/messages?start_time=soon`);
});

test("what is done to chats", async () => {
  await good("chat_archived", "POST", `/chat/${JID}/archive`, { archived: true });
  await good("chat_pinned", "POST", `/chat/${JID}/pin`, { pinned: true });
  await call("POST", `/chat/${JID}/archive`, { archived: false });
  assert.deepEqual(
    [asked("archiveChat"), asked("pinChat"), asked("unarchiveChat")],
    [[[PEER]], [[PEER]], [[PEER]]],
  );
  rig.client.script.answers = { pinChat: false };
  await refused(400, "VALIDATION_ERROR", "POST", `/chat/${JID}/pin`, { pinned: true });
});

test("people", async () => {
  const info = await good("user_info", "GET", `/user/info?phone=${LID}`);
  assert.deepEqual([info.resolved_phone, info.resolved_lid], ["554198765432", LID]);
  await good("user_avatar", "GET", `/user/avatar?phone=${JID}`);
  await good("user_check", "GET", `/user/check?phone=${JID}`);
  const contacts = await good("my_contacts", "GET", "/user/my/contacts");
  assert.equal(contacts.data.length, 1);
  rig.client.script.answers = { getProfilePicUrl: undefined, getNumberId: null };
  await refused(404, "NOT_FOUND", "GET", `/user/avatar?phone=${JID}`);
  assert.equal((await call("GET", `/user/check?phone=${JID}`, undefined)).json.results.is_on_whatsapp, false);
  await refused(400, "VALIDATION_ERROR", "GET", "/user/info");
});

test("groups", async () => {
  const group = { group_id: GROUP_JID };
  await good("group_info", "GET", `/group/info?group_id=${GROUP_JID}`);
  await good("group_participants", "GET", `/group/participants?group_id=${GROUP_JID}`);
  await good("my_groups", "GET", "/user/my/groups");
  await good("group_invite_link", "GET", `/group/invite-link?group_id=${GROUP_JID}&reset=true`);
  assert.equal(asked("revokeInvite").length, 1);
  await good("group_create", "POST", "/group", { title: "Novo", participants: ["554198765432"] });
  const people = { ...group, participants: ["554198765432"] };
  const added = await good("group_participants_add", "POST", "/group/participants", {
    ...group,
    participants: ["554198765432", "62812345"],
  });
  assert.deepEqual(
    added.map((/** @type {any} */ row) => row.status),
    ["success", "error"],
  );
  await good("group_participants_remove", "POST", "/group/participants/remove", people);
  await good("group_participants_promote", "POST", "/group/participants/promote", people);
  const demoted = await good("group_participants_demote", "POST", "/group/participants/demote", people);
  assert.equal(demoted[0].status, "error");
  await good("group_name", "POST", "/group/name", { ...group, name: "Novo nome" });
  await good("group_topic", "POST", "/group/topic", { ...group, topic: "" });
  await good("group_announce", "POST", "/group/announce", { ...group, announce: true });
  const lock = await refused(400, "BAD_REQUEST", "POST", "/group/locked", { ...group, locked: true });
  assert.match(lock.message, /administrators/);
  await good("group_leave", "POST", "/group/leave", group);
  await refused(404, "NOT_FOUND", "GET", "/group/info?group_id=120363402106000000@g.us");
  await refused(400, "VALIDATION_ERROR", "GET", `/group/info?group_id=${JID}`);
  await refused(400, "VALIDATION_ERROR", "POST", "/group", { title: "x", participants: [] });
  rig.client.script.answers = { createGroup: "CreateGroupError: no", addParticipants: "no admin rights" };
  await refused(400, "BAD_REQUEST", "POST", "/group", { title: "x", participants: ["554198765432"] });
  await refused(400, "BAD_REQUEST", "POST", "/group/participants", people);
});

test("the past is reported chat by chat", async () => {
  const { listener } = rig;
  assert(listener);
  listener.got.length = 0;
  await good("history_asked", "POST", `/devices/${DEVICE}/history`, { chats: 10, messages: 20 });
  for (const name of ["history_direct", "history_group"]) {
    const wanted = name === "history_group" ? GROUP_JID : JID;
    /** @type {() => any} */
    const find = () =>
      listener.events.find(
        (/** @type {any} */ e) => e.event === "history.batch" && e.payload.chat_id === wanted,
      );
    const envelope = await until(find, name);
    assert.equal(envelope.payload.kind, "history");
    golden("webhooks", name, { ...envelope, seq: 1, delivery_id: "x:1" });
  }
  await refused(400, "VALIDATION_ERROR", "POST", `/devices/${DEVICE}/history`, { chats: -1 });
});

test("stop, and everything waits for a connection", async () => {
  await good("device_stopped", "POST", `/devices/${DEVICE}/stop`);
  const words = await refused(401, "AUTHENTICATION_ERROR", "POST", "/send/message", {
    phone: JID,
    message: "x",
  });
  assert.match(words.message, /reconnect/);
  await refused(401, "AUTHENTICATION_ERROR", "GET", "/chats");
  const status = (await call("GET", "/app/status", undefined)).json.results;
  assert.deepEqual([status.is_connected, status.is_logged_in, status.state], [false, true, "stopped"]);
  await good("reconnected", "POST", `/devices/${DEVICE}/reconnect`);
  assert.equal((await call("GET", "/app/reconnect", undefined)).http, 200);
});

test("log out, link again by QR code or by pairing code", async () => {
  await good("logged_out", "GET", "/app/logout");
  assert.equal((await call("POST", `/devices/${DEVICE}/logout`, undefined)).http, 200, "twice does no harm");
  const words = await refused(401, "AUTHENTICATION_ERROR", "POST", "/send/message", {
    phone: JID,
    message: "x",
  });
  assert.doesNotMatch(words.message, /reconnect/);

  assert(rig.script);
  rig.script.start = "qr";
  const { qr_link: link } = (await call("GET", `/devices/${DEVICE}/login`, undefined)).json.results;
  assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/statics\/qrcode\/scan-qr-[0-9a-f]{32}\.png$/);
  const picture = await fetch(link, {
    headers: { authorization: `Basic ${Buffer.from("balas:pass:word").toString("base64")}` },
  });
  const bytes = Buffer.from(await picture.arrayBuffer());
  assert.deepEqual([...bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  called.add(routes.find((route) => route.path.startsWith("/statics/qrcode")));
  const again = (await call("GET", "/app/login", undefined)).json.results;
  assert.equal(again.qr_link, link, "the same code as long as there is no other");
  await refused(404, "NOT_FOUND", "GET", "/statics/qrcode/scan-qr-0.png");

  const code = await good("login_code", "POST", `/devices/${DEVICE}/login/code?phone=5511988887777`);
  assert.equal(code.pair_code, "ABCD-1234");
  assert.equal((await call("GET", "/app/login-with-code?phone=%2B5511988887777", undefined)).http, 200);
  assert.deepEqual(asked("requestPairingCode"), [["5511988887777"], ["5511988887777"]]);
  for (const odd of ["", "abc", "0811111111", "12"]) {
    await refused(400, "VALIDATION_ERROR", "GET", `/app/login-with-code?phone=${odd}`);
  }
  rig.client.becomeReady();
  assert.equal((await call("GET", "/app/status", undefined)).json.results.is_connected, true);
});

test("devices come and go", async () => {
  await good("device_created", "POST", "/devices", {
    device_id: "org_2",
    webhook_url: "",
    webhook_secret: "",
  });
  await refused(400, "BAD_REQUEST", "POST", "/devices", { device_id: "org_2" });
  const needed = await rig.call("GET", "/app/status");
  assert.deepEqual([needed.http, needed.json.code], [400, "DEVICE_ID_REQUIRED"]);
  const by = await rig.call("GET", "/app/status?device_id=org_2");
  assert.equal(by.json.results.device_id, "org_2");
  const unknown = await rig.call("GET", "/app/status", undefined, { "x-device-id": "nope" });
  assert.deepEqual(
    [unknown.http, unknown.json.code, unknown.json.results.device_id],
    [404, "DEVICE_NOT_FOUND", "nope"],
  );
  assert.equal((await rig.call("POST", "/devices", {})).http, 200, "a name is made up");
  await refused(400, "BAD_REQUEST", "POST", "/devices", { device_id: "one_too_many" });
  await good("device_removed", "DELETE", "/devices/org_2");
  await refused(404, "DEVICE_NOT_FOUND", "DELETE", "/devices/org_2");
  assert.equal((await call("DELETE", `/devices/${DEVICE}`, undefined)).http, 200);
  assert.deepEqual(asked("logout"), [[]], "the phone forgets us, too");
});

test("every call was made", () => {
  assert.deepEqual(
    routes.filter((route) => !called.has(route)).map((route) => `${route.method} ${route.path}`),
    [],
  );
});
