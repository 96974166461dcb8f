// What was sent here, told apart from what was typed on the phone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Sends } from "../src/sends.js";
import { LID, PEER } from "./support/replay.js";

/** Something that the library is asked to send. */
function sending() {
  let settle = (/** @type {any} */ _) => {};
  let fail = (/** @type {any} */ _) => {};
  const promise = new Promise((resolve, reject) => {
    settle = (id) => resolve({ id: { id } });
    fail = reject;
  });
  return { promise, settle, fail };
}

test("an id that comes when nobody waits any more is known all the same", async () => {
  const sends = new Sends();
  const { promise, settle } = sending();
  void sends.track("key", PEER, promise);
  const found = sends.find("3EB0", [PEER, LID]);
  settle("3EB0");
  assert.deepEqual(await found, { key: "key" });
  assert.deepEqual(await sends.find("3EB0", []), { key: "key" }, "and stays known");
});

test("what was typed on the phone meanwhile is not ours", async () => {
  const sends = new Sends();
  const { promise, settle } = sending();
  void sends.track("key", PEER, promise);
  const typed = sends.find("TYPED", [PEER]);
  settle("3EB0");
  assert.equal(await typed, undefined);
});

test("other chats do not wait", async () => {
  const sends = new Sends();
  const { promise, fail } = sending();
  const tracked = sends.track("key", PEER, promise);
  assert.equal(await sends.find("TYPED", ["120363@g.us"]), undefined);
  fail(new Error("Target closed"));
  await assert.rejects(tracked);
  assert.equal(await sends.find("TYPED", [PEER]), undefined);
});

test("an order runs once; one that failed may be given again", async () => {
  const sends = new Sends();
  let runs = 0;
  const good = async () => ({ id: `${(runs += 1)}`, at: "" });
  const [one, two] = await Promise.all([sends.once("a", good), sends.once("a", good)]);
  assert.deepEqual([one, await sends.once("a", good), runs], [two, one, 1]);
  await Promise.all([sends.once("", good), sends.once("", good)]);
  assert.equal(runs, 3, "without a key each is its own");
  await assert.rejects(sends.once("b", () => Promise.reject(new Error("lost"))));
  assert.deepEqual(await sends.once("b", good), { id: "4", at: "" });
});
