// Killed in the middle of traffic, again and again.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { startProcess } from "./support/process.js";
import { DEVICE, Listener, SECRET } from "./support/rig.js";
import { until } from "./support/until.js";

const KILLS = 5;

/** @type {string} */
let data;
/** @type {Listener} */
let listener;

before(async () => {
  data = await fs.mkdtemp(path.join(os.tmpdir(), "bridge-kill-"));
  listener = await new Listener().open();
});
after(async () => {
  listener.close();
  await fs.rm(data, { recursive: true, force: true });
});

/** What the file says was kept, less what it says was taken. */
async function kept() {
  const text = await fs.readFile(path.join(data, "devices", DEVICE, "outbox.jsonl"), "utf8");
  const lines = text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
  const acked = Math.max(0, ...lines.map((line) => line.acked ?? 0));
  return lines.filter((line) => line.seq > acked).map((line) => line.seq);
}

test("nothing that was kept is lost, and repeats can be told", async () => {
  const env = { APP_BASIC_AUTH: "balas:password", BRIDGE_DATA: data };
  const waiting = new Set();
  let bridge = await startProcess("support/replay-main.js", env);
  await bridge.call("POST", "/devices", {
    device_id: DEVICE,
    webhook_url: listener.url,
    webhook_secret: SECRET,
  });
  await bridge.call("POST", `/devices/${DEVICE}/reconnect`);

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const before = listener.got.length;
    await until(() => listener.got.length > before + 40, "traffic");
    // Whoever listens is in trouble, too, so that something waits.
    let refused = 0;
    listener.status = () => (refused++, 500);
    await until(() => refused > 2, "refusals");
    bridge.child.kill("SIGKILL");
    await bridge.ended;
    const left = await kept();
    assert(left.length > 0, "something waited");
    left.forEach((seq) => waiting.add(seq));
    listener.status = () => 200;
    // It comes back by itself, with the account that ran.
    bridge = await startProcess("support/replay-main.js", env);
  }

  bridge.child.kill("SIGTERM");
  assert.deepEqual(await bridge.ended, [0, null], bridge.log());
  const last = await startProcess("support/replay-main.js", { ...env, BRIDGE_MAX_DEVICES: "1" });
  await last.call("POST", `/devices/${DEVICE}/stop`);
  await until(
    async () => (await last.call("GET", "/app/status")).json.results.outbox.waiting === 0,
    "all taken",
  );
  last.child.kill("SIGTERM");
  await last.ended;

  const events = listener.events;
  const seqs = new Set(events.map((event) => event.seq));
  assert.deepEqual(
    [...waiting].filter((seq) => !seqs.has(seq)),
    [],
    "nothing that waited was lost",
  );
  const highest = Math.max(...seqs);
  assert.equal(seqs.size, highest, "no number is missing");
  assert.equal(new Set(events.map((event) => event.delivery_id.split(":")[0])).size, 1, "one stream");

  /** @type {Map<number, string>} */
  const bodies = new Map();
  listener.got.forEach(({ body }) => {
    const { seq } = JSON.parse(body);
    assert.equal(bodies.get(seq) ?? body, body, "a repeat is the same to the byte");
    bodies.set(seq, body);
  });
  const spoken = [...bodies.values()]
    .map((body) => JSON.parse(body))
    .filter(({ event }) => event === "message");
  assert.equal(
    new Set(spoken.map(({ payload }) => payload.id)).size,
    spoken.length,
    "no message under two numbers",
  );
});

test("two programs do not share a folder", async () => {
  const env = { APP_BASIC_AUTH: "balas:password", BRIDGE_DATA: data };
  const first = await startProcess("support/replay-main.js", env);
  await assert.rejects(startProcess("support/replay-main.js", env), /already works in .* End it first/s);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await startProcess("support/replay-main.js", env);
  second.child.kill("SIGTERM");
  assert.deepEqual(await second.ended, [0, null]);
});

test("it ends with whoever started it", async () => {
  const env = { APP_BASIC_AUTH: "balas:password", BRIDGE_DATA: data };
  const bridge = await startProcess("support/replay-main.js", env, ["--end-with-stdin"]);
  bridge.child.stdin.end();
  assert.deepEqual(await bridge.ended, [0, null]);
});

test("a mistake in the settings is told in a sentence", async () => {
  await assert.rejects(
    startProcess("../src/main.js", { BRIDGE_DATA: data }),
    /Set APP_BASIC_AUTH to user:password/,
  );
});
