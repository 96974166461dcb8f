// What is reported about the link, and what a break leaves behind.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, mock, test } from "node:test";

import { golden } from "./support/golden.js";
import { PEER, fixture } from "./support/replay.js";
import { DEVICE, Rig } from "./support/rig.js";
import { until } from "./support/until.js";

const NOW = Date.parse("2026-08-20T03:40:00Z");

/** @type {Rig} */
let rig;

beforeEach(() => mock.timers.enable({ apis: ["Date"], now: NOW }));
afterEach(async () => {
  await rig.close();
  mock.timers.reset();
});

/** What was reported about the link, with one golden envelope for each state. */
async function reported(/** @type {string} */ state) {
  /** @type {() => any} */
  const find = () =>
    rig.listener?.events.findLast(
      (/** @type {any} */ e) => e.event === "connection.update" && e.payload.state === state,
    );
  const envelope = await until(find, state);
  golden("webhooks", `connection_${state}`, { ...envelope, seq: 1, delivery_id: "x:1" });
  return envelope.payload;
}

test("from nothing to ready by QR code, and what comes after", async () => {
  rig = await new Rig().open({ start: "qr" });
  await rig.create();
  await rig.call("GET", "/app/login");
  await reported("starting");
  const { qr, qr_expires_at: until } = await reported("qr");
  assert.deepEqual([qr, until], ["2@abc,def,ghi,jkl,1", "2026-08-20T03:40:20.000Z"]);
  await rig.call("POST", `/devices/${DEVICE}/login/code?phone=5511988887777`);
  assert.equal((await reported("pairing")).pair_code, "ABCD1234");
  rig.client.becomeReady();
  await reported("authenticated");
  assert.equal((await reported("ready")).state, "ready");
  rig.client.emit("change_state", "TIMEOUT");
  assert.match((await reported("disconnected")).reason, /comes back by itself/);
  rig.client.emit("disconnected", "TOS_BLOCK");
  assert.match((await reported("error")).reason, /blocked/);
  await rig.call("POST", `/devices/${DEVICE}/stop`);
  await reported("stopped");
});

test("the phone ends the link", async () => {
  rig = await (await new Rig().open()).ready();
  rig.client.emit("disconnected", "LOGOUT");
  await until(() => !rig.device.record.linked, "unlinked");
  await until(async () => !(await stored()).linked, "and remembered");
  const status = (await rig.call("GET", "/app/status")).json.results;
  assert.deepEqual([status.is_logged_in, status.state], [false, "disconnected"]);
  assert.match(status.reason, /Link it again/);
});

/** The device as it stands on disk. */
async function stored() {
  return JSON.parse(await fs.readFile(path.join(String(rig.data), "devices.json"), "utf8"))[0];
}

/** The same folder with a new program. */
async function again(/** @type {Partial<import("./support/replay.js").Script>} */ script = {}) {
  const { data } = rig;
  await rig.close({ keep: true });
  rig = await new Rig().open({ data: String(data), ...script });
  // Whoever listens has moved, too.
  Object.assign(rig.device.record.webhook ?? {}, { url: rig.listener?.url });
}

test("what ran runs again, what was stopped does not", async () => {
  rig = await (await new Rig().open()).ready();
  await again();
  await until(() => rig.device.session.state === "ready", "ready by itself");
  assert.equal(rig.device.record.jid, "5511988887777@s.whatsapp.net");
  await rig.call("POST", `/devices/${DEVICE}/stop`);
  await again();
  assert.deepEqual([rig.device.session.state, rig.clients.length], ["stopped", 0]);
});

const SEEN = fixture("message_text_in").timestamp;

/** A message of the peer, so many seconds after the one that was seen. */
function later(/** @type {number} */ seconds) {
  const raw = fixture("message_text_in");
  const id = `LATER${seconds}`;
  return { ...raw, id: { ...raw.id, id, _serialized: `false_${PEER}_${id}` }, timestamp: SEEN + seconds };
}

/** Ids that were reported as missed. */
function missed() {
  const batches = rig.listener?.events.filter(({ event }) => event === "history.batch") ?? [];
  return batches.flatMap(({ payload }) => payload.messages.map((/** @type {any} */ m) => m.id));
}

test("what was written during a break is reported after it", async () => {
  rig = await (await new Rig().open()).ready();
  // A new link starts with now: the past is asked for by who wants it.
  assert.deepEqual(missed(), []);
  await until(() => rig.device.record.seenUntil > 0, "the start");
  rig.device.record.seenUntil = 0;
  rig.client.create(fixture("message_text_in"));
  await until(() => rig.device.record.seenUntil === SEEN, "seen");

  await again({ history: [later(-100), fixture("message_text_in"), later(5), later(9)] });
  await until(() => missed().length > 0, "the batch");
  assert.deepEqual(missed(), [fixture("message_text_in").id.id, "LATER5", "LATER9"], "none from before");
  const batch = rig.listener?.events.find(({ event }) => event === "history.batch");
  golden("webhooks", "history_missed", { ...batch, seq: 1, delivery_id: "x:1" });
  await until(() => rig.device.record.seenUntil === SEEN + 9, "and is seen from then on");
});

test("after a long break nothing is left out, however much it was", async () => {
  rig = await (await new Rig().open()).ready();
  await until(() => rig.device.record.seenUntil > 0, "the start");
  rig.device.record.seenUntil = SEEN;
  const written = Array.from({ length: 330 }, (_, n) => later(n + 61));
  // What is older than the break is left alone.
  await again({ history: [later(-200), later(-100), ...written] });
  await until(() => missed().length >= written.length, "all of it");
  const ids = written.map((raw) => raw.id.id);
  assert.deepEqual(missed(), ids);
});

test("a break in catching up leaves nothing out", async () => {
  rig = await (await new Rig().open()).ready();
  await until(() => rig.device.record.seenUntil > 0, "the start");
  rig.device.record.seenUntil = SEEN;
  const fails = () => {
    throw new Error("Target closed");
  };
  await again({ history: [later(5)], answers: { getChats: fails } });
  await until(() => rig.device.session.state === "ready", "ready");
  // Somebody writes before what was missed could be read.
  rig.client.create(later(50));
  await until(() => rig.listener?.said.length === 1, "the new message");
  assert.equal(rig.device.record.seenUntil, SEEN, "not seen: there is a hole before it");
  await again({ history: [later(5), later(50)] });
  await until(() => missed().includes("LATER5"), "what was missed");
});
