// The real library in a real Chromium, with a page of ours in WhatsApp's place: from the QR code to messages in
// both directions, and through crashes.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { CHROMIUM, browsersOn } from "./support/chromium.js";
import { startProcess } from "./support/process.js";
import { DEVICE, Listener, SECRET } from "./support/rig.js";
import { until } from "./support/until.js";

/** @type {string} */
let data;
/** @type {Listener} */
let listener;
/** @type {Awaited<ReturnType<typeof startProcess>>} */
let bridge;

before(async () => {
  data = await fs.mkdtemp(path.join(os.tmpdir(), "bridge-page-"));
  listener = await new Listener().open();
  await servePage(false);
  bridge = await startProcess("support/page-main.js", {
    APP_BASIC_AUTH: "balas:password",
    BRIDGE_DATA: data,
    CHROMIUM_PATH: CHROMIUM,
    PAGE_FOLDER: data,
  });
  await bridge.call("POST", "/devices", {
    device_id: DEVICE,
    webhook_url: listener.url,
    webhook_secret: SECRET,
  });
});
after(async () => {
  bridge.child.kill("SIGTERM");
  assert.deepEqual(await bridge.ended, [0, null], bridge.log());
  assert.equal(await browsersOn(data), 0, "no browser is left");
  listener.close();
  await fs.rm(data, { recursive: true, force: true, maxRetries: 5 });
});

/** The page, as it is served from the next start on. */
async function servePage(/** @type {boolean} */ linked) {
  const page = await fs.readFile(new URL("support/page/index.html", import.meta.url), "utf8");
  await fs.writeFile(path.join(data, "index.html"), page.replace("LINKED = false", `LINKED = ${linked}`));
}

/** Lets the phone, or somebody else, do something. */
function inPage(/** @type {string} */ code) {
  bridge.child.stdin.write(`${code.replace(/\s+/g, " ")}\n`);
}

const status = async () => (await bridge.call("GET", "/app/status")).json.results;
const ready = () => until(async () => (await status()).state === "ready", "ready", 30_000);

/** @returns {Promise<any>} */
const said = (/** @type {string} */ event) =>
  until(() => listener.events.find((/** @type {any} */ e) => e.event === event), `${event}: ${bridge.log()}`);

test("linked by QR code or pairing code", { timeout: 60_000 }, async () => {
  const login = await bridge.call("GET", `/devices/${DEVICE}/login`);
  assert.equal(login.http, 200, bridge.log());
  /** @type {any} */
  const qr = await until(() => listener.events.find((/** @type {any} */ e) => e.payload.qr), "the code");
  assert.equal(qr.payload.qr, "2@ref,noise,identity,secret,1");
  const code = await bridge.call("POST", `/devices/${DEVICE}/login/code?phone=5511988887777`);
  assert.equal(code.json.results.pair_code, "ABCD-1234", bridge.log());
  inPage("link()");
  await servePage(true);
  await ready();
  const { jid, is_logged_in, web_version, memory_mb } = await until(
    async () => ((await status()).web_version ? status() : undefined),
    "the version",
  );
  assert.deepEqual([jid, is_logged_in, web_version], ["5511988887777@s.whatsapp.net", true, "2.3000.1"]);
  assert(memory_mb > 10);
});

test("messages and reactions come in", { timeout: 60_000 }, async () => {
  inPage(`void say({ id: { fromMe: false, remote: "554198765432@c.us", id: "IN1", _serialized: "false_554198765432@c.us_IN1" },
    body: "Olá", t: 1787193000, from: "554198765432@c.us", to: "5511988887777@c.us", notifyName: "Ana" })`);
  const { payload } = await said("message");
  assert.deepEqual([payload.id, payload.body, payload.from_name], ["IN1", "Olá", "Ana"]);
  inPage(`react({ id: { id: "R1", fromMe: false }, reactionParentKey: { id: "IN1", remote: "554198765432@c.us" },
    reactionTimestamp: 1787193001000, from: { _serialized: "554198765432@c.us" }, reactionText: "👍" })`);
  const reaction = await said("message.reaction");
  assert.deepEqual([reaction.payload.reacted_message_id, reaction.payload.reaction], ["IN1", "👍"]);
});

test("messages go out, and their echo is known", { timeout: 60_000 }, async () => {
  const key = "0198c5a0-0000-7000-8000-000000000001";
  const body = { phone: "554198765432", message: "resposta" };
  const sent = await bridge.call("POST", "/send/message", body, { "idempotency-key": key });
  assert.equal(sent.http, 200, bridge.log());
  const { payload } = await said("message.sent");
  assert.deepEqual([payload.id, payload.idempotency_key], [sent.json.results.message_id, key]);
  const again = await bridge.call("POST", "/send/message", body, { "idempotency-key": key });
  assert.equal(again.json.results.message_id, payload.id);
});

test("chats are listed without asking about each group", { timeout: 60_000 }, async () => {
  const { results } = (await bridge.call("GET", "/chats")).json;
  assert.deepEqual(
    results.data.map((/** @type {any} */ chat) => [chat.name, chat.archived, chat.unread_count]),
    [
      ["Suporte", true, 0],
      ["Ana", false, 2],
    ],
  );
});

test(
  "a browser that is killed, and a page that goes away, come back linked",
  { timeout: 120_000 },
  async () => {
    for (const blow of ["the browser", "the page"]) {
      const before = listener.events.length;
      if (blow === "the browser") {
        const main = await browsersOn(data, "pid");
        process.kill(main, "SIGKILL");
      } else {
        inPage("window.require = undefined");
      }
      await until(
        () => listener.events.slice(before).some((/** @type {any} */ e) => e.payload.state === "error"),
        `${blow} is missed`,
      );
      await ready();
      const error = listener.events.slice(before).find((/** @type {any} */ e) => e.payload.state === "error");
      assert.match(error.payload.reason, /It is tried again by itself/);
    }
  },
);

test("the phone ends the link", { timeout: 60_000 }, async () => {
  await servePage(false);
  inPage("unlink()");
  await until(async () => !(await status()).is_logged_in, `unlinked: ${bridge.log()}`);
  const { state, reason } = await status();
  assert.deepEqual([state, reason], ["disconnected", "The phone has ended the link. Link it again."]);
  await until(async () => (await browsersOn(data)) === 0, "the browser is gone");
  const login = await bridge.call("GET", `/devices/${DEVICE}/login`);
  assert.equal(login.http, 200, bridge.log());
});
