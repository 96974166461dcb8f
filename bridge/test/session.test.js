// The life of a browser, with everything that the library is known to do to it.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { USUAL_TIMINGS, Session } from "../src/session.js";
import { ReplayClient } from "./support/replay.js";
import { until } from "./support/until.js";

/** @type {Session} */
let session;
/** @type {ReplayClient[]} */
let clients = [];
/** @type {string[]} */
let states = [];
/** @type {string} */
let folder;
/** @type {import("./support/replay.js").Script} */
let script;

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "session-test-"));
});
afterEach(async () => {
  await session.stop();
  await fs.rm(folder, { recursive: true });
});

/** Long waits that never end a test, but for those that it is about. */
function make(/** @type {Partial<import("../src/session.js").Timings>} */ timings = {}, linked = true) {
  clients = [];
  states = [];
  script = { start: "linked", answers: {} };
  session = new Session({
    createClient: () => {
      const client = new ReplayClient(script);
      clients.push(client);
      return client;
    },
    folder,
    memoryMb: 1024,
    timings: { ...USUAL_TIMINGS, retry: 1, retryMost: 5, destroy: 1_000, ...timings },
    log: () => {},
    linked,
  });
  session.on("state", () => states.push(session.state));
  return session;
}

const inState = (/** @type {string} */ state) => until(() => session.state === state, state);
const client = () => /** @type {ReplayClient} */ (clients.at(-1));
const restarted = () =>
  until(() => clients.length >= 2 && session.state === "ready", "a new browser that is ready");

test("from start to ready, once", async () => {
  await make().start();
  await inState("ready");
  await session.start();
  assert.deepEqual([clients.length, states], [1, ["starting", "authenticated", "ready"]]);
  await session.stop();
  assert.deepEqual([client().destroyed, session.state], [true, "stopped"]);
});

test("a link that WhatsApp Web does not load for is tried again", async () => {
  make({ start: 20 });
  script.start = "silent";
  await session.start();
  await until(() => clients.length >= 3, "two more tries");
  assert(clients[0]?.destroyed, "no browser is left behind");
  assert.match(session.reason, /^$|WhatsApp Web did not load within 0.02 s\. It is tried again by itself\./);
  script.start = "linked";
  await restarted();
});

test("the library throws texts", async () => {
  make();
  script.start = "throws";
  await session.start();
  await until(() => clients.length >= 2, "another try");
  script.start = "linked";
  await restarted();
});

test("without a link it waits for somebody who asks", async () => {
  make({}, false);
  script.start = "throws";
  await session.start();
  await inState("error");
  assert.equal(session.reason, "WhatsApp Web did not load.");
  assert.equal(clients.length, 1, "nobody is there to scan a code");
});

test("authenticated, but never ready", async () => {
  make({ ready: 20 });
  script.start = "unready";
  await session.start();
  await inState("authenticated");
  script.start = "linked";
  await restarted();
  assert(clients[0]?.destroyed);
});

test("loading takes as long as it makes progress", async () => {
  make({ ready: 100 });
  script.start = "unready";
  await session.start();
  await inState("authenticated");
  const began = performance.now();
  while (performance.now() - began < 250) {
    client().emit("loading_screen", Math.random(), "WhatsApp");
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(clients.length, 1);
  client().becomeReady();
  await inState("ready");
});

test("codes come and go, and end", async () => {
  make({}, false);
  script.start = "qr";
  await session.start();
  await inState("qr");
  client().emit("qr", "undefined,x,y,z");
  assert.equal(session.qr?.text, "2@abc,def,ghi,jkl,1", "a code without its first part is none");
  for (let i = 2; i <= 6; i += 1) {
    client().emit("qr", `2@code${i}`);
  }
  assert.equal(session.qr?.text, "2@code6");
  client().emit("qr", "2@code7");
  await inState("disconnected");
  assert.match(session.reason, /Nobody scanned/);
  assert.equal(clients.length, 1);
  await session.start();
  await inState("qr");
});

test("a code where a link was: the link is gone", async () => {
  make({ qr: 20 }, true);
  script.start = "qr";
  await session.start();
  await inState("qr");
  assert.equal(session.linked, false);
  await inState("error");
  assert.equal(clients.length, 1, "nobody is there to scan one");
});

test("codes that are no longer renewed", async () => {
  make({ qr: 20 }, false);
  script.start = "qr";
  await session.start();
  await inState("error");
  assert.match(session.reason, /no new QR code/);
});

test("a pairing code instead", async () => {
  make({}, false);
  script.start = "qr";
  await session.start();
  await inState("qr");
  assert.equal(await session.pairingCode("5511988887777"), "ABCD1234");
  client().emit("qr", "2@late");
  assert.deepEqual([session.state, session.pairCode], ["pairing", "ABCD1234"]);
  client().emit("code", "WXYZ5678");
  assert.equal(session.pairCode, "WXYZ5678", "renewed");
  client().becomeReady();
  assert.equal(session.linked, true);
});

test("WhatsApp refuses a pairing code", async () => {
  make({}, false);
  script.start = "qr";
  script.answers = {
    requestPairingCode: () => {
      throw new Error("rate-overlimit");
    },
  };
  await session.start();
  await inState("qr");
  await assert.rejects(session.pairingCode("5511988887777"), /rate-overlimit/);
  client().emit("qr", "2@next");
  assert.equal(session.qr?.text, "2@next", "codes are shown again");
});

test("connections come and go", async () => {
  await make().start();
  await inState("ready");
  client().emit("change_state", "OPENING");
  assert.match(session.reason, /comes back by itself/);
  client().emit("change_state", "CONNECTED");
  assert.deepEqual([session.state, clients.length], ["ready", 1]);
});

for (const [why, times] of /** @type {[string, number][]} */ ([
  ["CONFLICT", 2],
  ["DEPRECATED_VERSION", 2],
  ["NAVIGATION", 2],
])) {
  test(`disconnected by ${why}: a new client, as the old one is dead`, async () => {
    await make().start();
    await inState("ready");
    client().emit("disconnected", why);
    await restarted();
    assert.equal(clients.length, times);
    assert(clients[0]?.destroyed);
  });
}

for (const why of ["LOGOUT", "UNPAIRED"]) {
  test(`disconnected by ${why}: the link is gone, with its files`, async () => {
    await make().start();
    await inState("ready");
    await fs.mkdir(session.profile, { recursive: true });
    client().emit("disconnected", why);
    await until(() => !session.linked, "unlinked");
    await until(
      () =>
        fs.access(session.profile).then(
          () => false,
          () => true,
        ),
      "no files",
    );
    assert.deepEqual([session.state, clients.length], ["disconnected", 1]);
  });
}

test("a number that WhatsApp has blocked is left alone", async () => {
  await make().start();
  await inState("ready");
  client().emit("disconnected", "TOS_BLOCK");
  await inState("error");
  assert.match(session.reason, /blocked this number/);
  assert.deepEqual([clients.length, session.linked, session.blocked], [1, true, true]);
  await session.start();
  await inState("ready");
  assert(!session.blocked, "somebody has settled it");
});

test("a page that no longer answers", async () => {
  make({ probe: 5, answer: 5 });
  await session.start();
  await inState("ready");
  client().script = { start: "linked", answers: { getState: () => new Promise(() => {}) } };
  await restarted();
  assert(clients[0]?.calls.filter(([name]) => name === "getState").length === 3, "three strikes");
});

test("a page that went away", async () => {
  make({ probe: 5 });
  await session.start();
  await inState("ready");
  const gone = () => {
    throw new Error("Attempted to use detached Frame 'ABC'.");
  };
  client().script = { start: "linked", answers: { getState: gone } };
  await restarted();
  assert.equal(clients[0]?.calls.filter(([name]) => name === "getState").length, 1, "at once");
});

test("a page that is not connected", async () => {
  make({ probe: 5 });
  await session.start();
  await inState("ready");
  client().script = { start: "linked", answers: { getState: "TIMEOUT" } };
  await restarted();
});

test("too much memory", async () => {
  make({ probe: 5 });
  await session.start();
  await inState("ready");
  session.memory = async () => (clients.length === 1 ? 1025 : 1024);
  await restarted();
  assert.equal(clients.length, 2);
});

test("a page that a call finds gone", async () => {
  await make().start();
  await inState("ready");
  session.pageGone();
  await restarted();
});

test("closing that hangs does not", async () => {
  make({ destroy: 10 });
  await session.start();
  await inState("ready");
  client().destroy = () => new Promise(() => {});
  await session.stop();
  assert.equal(session.state, "stopped");
});

test("stopped while it starts, started while it stops", async () => {
  make();
  script.start = "silent";
  await session.start();
  const stopping = session.stop();
  script.start = "linked";
  await session.start();
  await stopping;
  await inState("ready");
  assert.deepEqual([clients.length <= 2, clients.slice(0, -1).every((c) => c.destroyed)], [true, true]);
});

test("what a retired client says no longer counts", async () => {
  await make().start();
  await inState("ready");
  const old = client();
  await session.restart();
  await inState("ready");
  old.emit("disconnected", "LOGOUT");
  old.emit("qr", "2@old");
  assert.deepEqual([session.state, session.linked], ["ready", true]);
});

test("stopping ends the retries", async () => {
  make({ retry: 100_000, retryMost: 100_000 });
  script.start = "throws";
  await session.start();
  await inState("error");
  await session.stop();
  assert.equal(session.state, "stopped");
});

test("logging out when WhatsApp does not answer", async () => {
  make({ answer: 10 });
  await session.start();
  await inState("ready");
  client().script = { start: "linked", answers: { logout: () => new Promise(() => {}) } };
  await session.logout();
  assert.deepEqual([session.linked, client().destroyed], [false, true]);
});
