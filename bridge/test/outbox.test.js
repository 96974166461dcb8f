// Callbacks on disk: nothing is lost, numbers never come again.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { Outbox } from "../src/outbox.js";

/** @type {string} */
let folder;
/** @type {Outbox[]} */
let opened = [];

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "outbox-test-"));
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((outbox) => outbox.close()));
  await fs.rm(folder, { recursive: true });
});

async function open(options = {}) {
  const outbox = await new Outbox(path.join(folder, "outbox.jsonl"), options).open();
  opened.push(outbox);
  return outbox;
}

/** What waits, in order. */
function drain(/** @type {Outbox} */ outbox) {
  const all = [];
  for (let item = outbox.first; item; item = outbox.first) {
    all.push(`${item.seq}:${item.body}`);
    outbox.acknowledge(item.seq);
  }
  return all;
}

test("what was kept is there after a death, in order and with its numbers", async () => {
  const first = await open();
  await Promise.all(Array.from({ length: 50 }, (_, i) => first.append((seq) => `${seq}/${i}`)));
  first.acknowledge(1);
  first.acknowledge(2);
  await first.append(() => "last");
  // Not closed: this is how a killed program leaves it.
  const second = await open();
  assert.equal(second.stream, first.stream);
  assert.deepEqual(drain(second), [
    ...Array.from({ length: 48 }, (_, i) => `${i + 3}:${i + 3}/${i + 2}`),
    "51:last",
  ]);
  await second.append((seq) => String(seq));
  assert.equal(second.first?.seq, 52);
});

test("numbers never come again, even when nothing waits", async () => {
  const first = await open();
  await first.append(() => "a");
  await first.append(() => "b");
  drain(first);
  await first.close();
  const second = await open();
  assert.equal(second.first, undefined);
  await second.append((seq) => String(seq));
  assert.deepEqual(drain(second), ["3:3"]);
});

test("a lost acknowledgement is a repeat with the same number and body", async () => {
  const first = await open();
  await first.append(() => "a");
  const copy = await fs.readFile(first.path);
  first.acknowledge(1);
  await first.close();
  await fs.writeFile(first.path, copy);
  assert.deepEqual(drain(await open()), ["1:a"]);
});

test("a line that was cut off costs only itself", async () => {
  const first = await open();
  await first.append(() => "a");
  await first.append(() => "b");
  const whole = await fs.readFile(first.path, "utf8");
  const start = whole.lastIndexOf('{"seq":2');
  for (let cut = start + 1; cut < whole.length - 1; cut += 1) {
    await fs.writeFile(first.path, whole.slice(0, cut));
    const outbox = await open();
    assert.deepEqual(drain(outbox), ["1:a"], `cut at ${cut}`);
    await outbox.close();
  }
  await fs.writeFile(first.path, whole.replace('{"seq":1', '{"se\u0000q":1'));
  assert.deepEqual(drain(await open()), ["2:b"]);
});

test("the file does not grow for ever", async () => {
  const outbox = await open({ compactBytes: 2_000 });
  for (let i = 0; i < 200; i += 1) {
    await outbox.append((seq) => "x".repeat(100) + seq);
    if (i % 10 !== 9) {
      outbox.acknowledge(outbox.first?.seq ?? 0);
    }
  }
  const waiting = outbox.size;
  assert((await fs.stat(outbox.path)).size < 2_000 + waiting * 200 + 1_000);
  await outbox.append(() => "end");
  const again = await open();
  assert.equal(again.size, waiting + 1);
  assert.equal(drain(again).at(-1), "201:end");
});

test("more than fits is counted, not kept", async () => {
  const outbox = await open({ maxBytes: 100 });
  await outbox.append(() => "x".repeat(90));
  await outbox.append(() => "y".repeat(90));
  assert.deepEqual([outbox.size, outbox.dropped], [1, 1]);
  drain(outbox);
  await outbox.append(() => "z");
  assert.deepEqual(drain(outbox), ["2:z"], "what is dropped takes no number");
});

test("another device of the same name has another stream", async () => {
  const first = await open();
  await first.close();
  await fs.rm(first.path);
  assert.notEqual((await open()).stream, first.stream);
});
