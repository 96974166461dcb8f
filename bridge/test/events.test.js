// Every event of the library, as it is reported.

import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";

import { golden, goldenNames } from "./support/golden.js";
import { GROUP, LID, OWN, PEER, fixture } from "./support/replay.js";
import { DEVICE, Rig } from "./support/rig.js";
import { until } from "./support/until.js";

const NOW = Date.parse("2026-08-20T03:40:00Z");

/** @type {Rig} */
let rig;
const seen = new Set();

before(async () => {
  mock.timers.enable({ apis: ["Date"], now: NOW });
  rig = await new Rig().open();
  await rig.ready();
  await until(() => rig.device.outbox.size === 0 && rig.listener?.events.length === 3, "the start");
});
after(async () => {
  await rig.close();
  mock.timers.reset();
});

/** What one event becomes. */
async function reported(/** @type {string} */ name, /** @type {() => void} */ happen) {
  const listener = rig.listener;
  assert(listener);
  listener.got.length = 0;
  happen();
  await until(() => listener.said.length > 0, name);
  assert.equal(listener.said.length, 1, "one event, one callback");
  const [envelope] = listener.said;
  assert.equal(envelope.session_id, DEVICE);
  assert.equal(envelope.device_id, "5511988887777@s.whatsapp.net");
  seen.add(name);
  golden("webhooks", name, { ...envelope, seq: 1, delivery_id: "x:1" });
  return envelope;
}

/** An event that is nobody's business: the next one comes instead. */
async function unreported(/** @type {string} */ name, /** @type {() => void} */ happen) {
  const listener = rig.listener;
  assert(listener);
  listener.got.length = 0;
  happen();
  rig.client.create({ ...fixture("message_text_in"), id: { ...fixture("message_text_in").id, id: "NEXT" } });
  const [first] = await until(() => (listener.said.length > 0 ? listener.said : undefined), name);
  assert.equal(first.payload.id, "NEXT", name);
}

for (const name of [
  "message_document",
  "message_group_in",
  "message_group_in_lid_author",
  "message_image_caption",
  "message_location",
  "message_ptt",
  "message_reply",
  "message_sticker",
  "message_text_in",
  "message_text_in_lid",
  "message_vcard",
]) {
  test(name, async () => {
    const { event, payload } = await reported(name, () => rig.client.create(fixture(name)));
    assert.equal(event, "message");
    assert.equal(payload.is_from_me, false);
    assert(!JSON.stringify(payload).includes("@c.us") || payload.provider_id.includes("@c.us"));
  });
}

test("what the page knows beyond the fixtures", async () => {
  const raw = fixture("message_document");
  const _data = {
    notifyName: "Ana",
    mimetype: "application/pdf",
    filename: "relatorio.pdf",
    size: 8192,
    isViewOnce: true,
    quotedStanzaID: "3EB00106E8BE0F407E88EC",
  };
  const more = { ...raw, body: "o relatório", hasQuotedMsg: true, isForwarded: true, _data };
  await reported("message_document_full", () => rig.client.create(more));
});

test("a message from the phone", async () => {
  const { event, payload } = await reported("message_text_out_from_phone", () =>
    rig.client.create(fixture("message_text_out_echo_message_create")),
  );
  assert.deepEqual([event, payload.is_from_me], ["message", true]);
});

test("a message sent here is told apart, whichever comes first", async () => {
  const echo = fixture("message_text_out_echo_message_create");
  echo.id = { ...echo.id, id: "3EB0SENT", _serialized: `true_${PEER}_3EB0SENT` };
  let settle = (/** @type {any} */ _) => {};
  rig.client.script.answers = { sendMessage: () => new Promise((resolve) => (settle = resolve)) };
  const key = "0198c5a0-0000-7000-8000-000000000001";
  const { payload } = await reported("message_sent", () => {
    const body = { phone: "554198765432@s.whatsapp.net", message: "resposta" };
    void rig.call("POST", "/send/message", body, { "idempotency-key": key });
    void until(() => rig.client.calls.some(([name]) => name === "sendMessage"), "sending").then(() => {
      rig.client.create(echo);
      settle(rig.client.message(echo));
    });
  });
  assert.deepEqual([payload.id, payload.idempotency_key], ["3EB0SENT", key]);
  rig.client.script.answers = {};
});

test("poll", async () => {
  const raw = {
    ...fixture("message_text_in"),
    type: "poll_creation",
    body: "Pizza?",
    pollName: "Pizza?",
    pollOptions: [{ name: "Sim" }, { name: "Não" }],
  };
  await reported("message_poll", () => rig.client.create(raw));
});

test("several answers may be chosen", async () => {
  const raw = {
    ...fixture("message_text_in"),
    type: "poll_creation",
    pollName: "When?",
    pollOptions: [{ name: "Sat" }, { name: "Sun" }],
    allowMultipleAnswers: true,
  };
  const { payload } = await reported("message_poll_several", () => rig.client.create(raw));
  assert.equal(payload.poll.max_answer, 2);
});

test("votes", async () => {
  const { id } = fixture("message_text_in");
  const vote = {
    voter: PEER,
    parentMsgKey: { ...id, fromMe: true },
    selectedOptions: [{ localId: 1, name: "Não" }],
    interractedAtTs: NOW - 1_000,
  };
  const { payload } = await reported("poll_vote", () => rig.client.emit("vote_update", vote));
  assert.deepEqual([payload.poll_message_id, payload.options, payload.is_from_me], [id.id, ["Não"], false]);
  await reported("poll_vote_taken_back", () =>
    rig.client.emit("vote_update", { ...vote, selectedOptions: [] }),
  );
  const ours = await reported("poll_vote_ours", () =>
    rig.client.emit("vote_update", { ...vote, voter: OWN }),
  );
  assert.equal(ours.payload.is_from_me, true);
  const lost = { ...vote, selectedOptions: [{ localId: 1, name: undefined }] };
  await unreported("a poll that is lost", () => rig.client.emit("vote_update", lost));
});

test("a product has nothing that could be shown", async () => {
  await reported("message_product", () =>
    rig.client.create({ ...fixture("message_text_in"), type: "product", body: "" }),
  );
});

test("edit", async () => {
  const { message, newBody, prevBody } = fixture("message_edit_event");
  await reported("message_edit_event", () => rig.client.emit("message_edit", message, newBody, prevBody));
});

test("edit of a caption", async () => {
  const { message: said } = fixture("message_edit_event");
  const { latestEditMsgKey, latestEditSenderTimestampMs } = said;
  const picture = { ...fixture("message_image_caption"), latestEditMsgKey, latestEditSenderTimestampMs };
  picture.body = "outra legenda";
  await unreported("its preview", () => rig.client.emit("message_edit", picture, "/9j/4AAQ", ""));
  await reported("message_edit_caption", () =>
    rig.client.emit("message_edit", picture, "outra legenda", "legenda"),
  );
});

test("revoke", async () => {
  const { message } = fixture("message_revoked_event");
  await reported("message_revoked_event", () => rig.client.emit("message_revoke_everyone", message, null));
});

test("revoke by a group's administrator", async () => {
  const raw = {
    ...fixture("message_group_in"),
    type: "revoked",
    _data: { revokeSender: { _serialized: OWN } },
  };
  const { payload } = await reported("message_revoked_by_admin", () =>
    rig.client.emit("message_revoke_everyone", raw, undefined),
  );
  assert.equal(payload.revoked_from_me, false);
});

test("deleted for us", async () => {
  await reported("message_revoke_me", () => rig.client.emit("message_revoke_me", fixture("message_text_in")));
});

for (const name of ["message_reaction_event", "message_reaction_removed_event"]) {
  test(name, async () => {
    await reported(name, () => rig.client.emit("message_reaction", fixture(name)));
  });
}

test("our own reaction on the phone", async () => {
  const reaction = { ...fixture("message_reaction_event"), senderId: OWN };
  const { payload } = await reported("message_reaction_ours", () =>
    rig.client.emit("message_reaction", reaction),
  );
  assert.equal(payload.is_from_me, true);
});

for (const [ack, name] of /** @type {[number, string][]} */ ([
  [-1, "failed"],
  [1, "sent"],
  [2, "delivered"],
  [3, "read"],
  [4, "played"],
])) {
  test(`ack ${name}`, async () => {
    const { message } = fixture("message_ack_event");
    const { payload } = await reported(`message_ack_${name}`, () =>
      rig.client.emit("message_ack", message, ack),
    );
    assert.equal(payload.receipt_type, name);
  });
}

test("we read a chat", async () => {
  const chat = { ...fixture("chat"), unreadCount: 0, lastMessage: fixture("message_text_in") };
  const { payload } = await reported("unread_count_zero", () => rig.client.emit("unread_count", chat));
  assert.equal(payload.receipt_type, "read-self");
});

for (const [event, name] of [
  ["group_join", "group_join_event"],
  ["group_leave", "group_leave_event"],
  ["group_admin_changed", "group_admin_changed_event"],
  ["group_update", "group_update_subject_event"],
]) {
  test(name ?? "", async () => {
    await reported(name ?? "", () => rig.client.emit(event ?? "", fixture(name ?? "")));
  });
}

test("we were added to a group", async () => {
  const notice = {
    ...fixture("group_join_event"),
    recipientIds: [{ _serialized: OWN }, { _serialized: LID }],
  };
  await reported("group_join_us", () => rig.client.emit("group_join", notice));
});

test("call", async () => {
  await reported("call", () => rig.client.emit("call", { id: "CALL1", from: LID, fromMe: false }));
});

test("a new number", async () => {
  await reported("contact_changed", () =>
    rig.client.emit("contact_changed", {}, PEER, "5541912345678@c.us", true),
  );
});

test("what nobody needs to know", async () => {
  const text = fixture("message_text_in");
  const of = (/** @type {object} */ change) => rig.client.create({ ...text, ...change });
  for (const type of [
    "e2e_notification",
    "gp2",
    "protocol",
    "ciphertext",
    "notification_template",
    "call_log",
  ]) {
    await unreported(type, () => of({ type }));
  }
  await unreported("status", () => of({ isStatus: true, id: { ...text.id, remote: "status@broadcast" } }));
  await unreported("channel", () => of({ id: { ...text.id, remote: "120363@newsletter" } }));
  await unreported("WhatsApp itself", () => of({ id: { ...text.id, remote: "0@c.us" } }));
  const picture = fixture("message_image_caption");
  await unreported("preview", () => rig.client.emit("message_edit", picture, "/9j/4AAQ", "legenda"));
  await unreported("waiting", () => rig.client.emit("message_ciphertext", text));
  await unreported("pending", () => rig.client.emit("message_ack", fixture("message_ack_event").message, 0));
  await unreported("ack of theirs", () => rig.client.emit("message_ack", text, 3));
  await unreported("still unread", () => rig.client.emit("unread_count", fixture("chat")));
  await unreported("our call", () => rig.client.emit("call", { id: "1", from: PEER, fromMe: true }));
  await unreported("same number", () => rig.client.emit("contact_changed", {}, PEER, PEER, true));
  await unreported("request", () =>
    rig.client.emit("group_update", { ...fixture("group_update_subject_event"), type: "revoke_invite" }),
  );
});

test("damaged events cost only themselves", async () => {
  for (const [event, ...args] of /** @type {[string, ...any[]][]} */ ([
    ["message_create", undefined],
    ["message_create", { id: 5, type: "chat" }],
    ["message_edit", undefined, "x"],
    ["message_reaction", {}],
    ["message_ack", undefined, 3],
    ["group_join", { chatId: GROUP, type: "add" }],
    ["unread_count", undefined],
    ["call", {}],
  ])) {
    await unreported(event, () => rig.client.emit(event, ...args));
  }
});

test("no golden envelope is left over", () => {
  const connection = goldenNames("webhooks").filter((name) => !/^(connection|history)_/.test(name));
  assert.deepEqual(connection.sort(), [...seen].sort());
});
