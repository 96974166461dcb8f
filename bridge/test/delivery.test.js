// Callbacks on their way: signed, in order, again and again until they are taken.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { Delivery, sign } from "../src/delivery.js";
import { Outbox } from "../src/outbox.js";
import { Listener, SECRET } from "./support/rig.js";
import { until } from "./support/until.js";

test("signed as the gateway does", () => {
  // Exact bytes of a gateway with their signatures, which the Rust client is tested with, too.
  const folder = new URL("../../crates/providers/tests/fixtures/gowa/signed/", import.meta.url);
  for (const name of ["v7_text_in", "v9_ack_read_batch", "v9_reaction"]) {
    const body = readFileSync(new URL(`${name}.body`, folder), "utf8");
    const { secret, value } = JSON.parse(readFileSync(new URL(`${name}.sig.json`, folder), "utf8"));
    assert.equal(sign(secret, body), value, name);
  }
});

/** @param {(tools: {outbox: Outbox, delivery: Delivery, listener: Listener, hook: any}) => Promise<void>} work */
async function withDelivery(work) {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "delivery-test-"));
  const listener = await new Listener().open();
  const outbox = await new Outbox(path.join(folder, "outbox.jsonl")).open();
  const hook = { url: String(listener.url), secret: SECRET, events: [] };
  const delivery = new Delivery(outbox, () => hook, { first: 1, most: 4, total: 5_000 });
  try {
    await work({ outbox, delivery, listener, hook });
  } finally {
    delivery.stop();
    await outbox.close();
    listener.close();
    await fs.rm(folder, { recursive: true });
  }
}

test("in order, signed, once if all goes well", () =>
  withDelivery(async ({ outbox, listener }) => {
    await Promise.all(Array.from({ length: 100 }, () => outbox.append((seq) => `{"seq":${seq},"x":"<é>"}`)));
    await until(() => listener.got.length === 100, "all");
    assert.deepEqual(
      listener.events.map((e) => e.seq),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    for (const { body, signature, type } of listener.got) {
      assert.equal(signature, sign(SECRET, body));
      assert.equal(type, "application/json");
    }
    await until(() => outbox.size === 0, "acknowledged");
  }));

test("again and again until it is taken, with nothing overtaking it", () =>
  withDelivery(async ({ outbox, delivery, listener }) => {
    let asked = 0;
    const answers = [500, 404, 401, 302, 204];
    listener.status = () => answers[asked++] ?? 200;
    await outbox.append((seq) => `{"seq":${seq}}`);
    await until(() => delivery.problem.includes("HTTP status"), "a refusal is noted");
    await outbox.append((seq) => `{"seq":${seq}}`);
    await until(() => outbox.size === 0, "taken");
    assert.equal(asked, 6, "one attempt for each answer, and one for the second");
    assert.deepEqual([delivery.problem, listener.events.map((e) => e.seq)], ["", [2]], "204 took the first");
  }));

test("nobody listens, then somebody does", () =>
  withDelivery(async ({ outbox, delivery, listener, hook }) => {
    hook.url = "http://127.0.0.1:1/";
    await outbox.append((seq) => `{"seq":${seq}}`);
    await until(() => delivery.problem.includes("could not be reached"), "noted");
    hook.url = listener.url;
    delivery.retryNow();
    await until(() => listener.got.length === 1, "delivered");
  }));
