// The real library with a real Chromium and no WhatsApp behind it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { descendants, freeProfile, isAlive, memoryMb } from "../src/browser.js";
import { CHROMIUM, browsersOn } from "./support/chromium.js";
import { startProcess } from "./support/process.js";
import { DEVICE, Listener, SECRET } from "./support/rig.js";
import { until } from "./support/until.js";

/** @type {string} */
let data;
/** @type {Listener} */
let listener;
/** @type {Record<string, string>} */
let env;

before(async () => {
  data = await fs.mkdtemp(path.join(os.tmpdir(), "bridge-chromium-"));
  listener = await new Listener().open();
  // A proxy that is not there: no request of the browser leaves this computer, wherever the test runs.
  const wrapper = path.join(data, "chromium");
  await fs.writeFile(wrapper, `#!/bin/sh\nexec "${CHROMIUM}" --proxy-server=127.0.0.1:1 "$@"\n`, {
    mode: 0o755,
  });
  env = { APP_BASIC_AUTH: "balas:password", BRIDGE_DATA: path.join(data, "bridge"), CHROMIUM_PATH: wrapper };
});
after(async () => {
  listener.close();
  await fs.rm(data, { recursive: true, force: true, maxRetries: 5 });
});

const browsers = () => browsersOn(data);

async function withDevice() {
  const bridge = await startProcess("../src/main.js", env);
  await bridge.call("POST", "/devices", {
    device_id: DEVICE,
    webhook_url: listener.url,
    webhook_secret: SECRET,
  });
  return bridge;
}

test("without a network: a clear state in bounded time, and a clean end", { timeout: 60_000 }, async () => {
  const bridge = await withDevice();
  const login = await bridge.call("GET", `/devices/${DEVICE}/login`);
  assert.deepEqual([login.http, login.json.code], [500, "QR_CHANNEL_ERROR"], bridge.log());
  assert.match(
    login.json.message,
    /cannot reach web\.whatsapp\.com \(net::ERR_\w+\)\. Check this computer's connection/,
  );
  const { results } = (await bridge.call("GET", `/devices/${DEVICE}/status`)).json;
  assert.deepEqual([results.state, results.is_connected, results.is_logged_in], ["error", false, false]);
  assert.match(results.reason, /cannot reach/);
  await until(() => listener.events.some((e) => e.payload.state === "error"), "it is reported, too");
  await until(async () => (await browsers()) === 0, "no browser is left");
  bridge.child.kill("SIGTERM");
  assert.deepEqual(await bridge.ended, [0, null], bridge.log());
});

test("ended while the browser starts: none is left behind", { timeout: 60_000 }, async () => {
  for (const when of ["at once", "when it runs"]) {
    const bridge = await withDevice();
    const asked = bridge.call("GET", `/devices/${DEVICE}/login`).catch(() => undefined);
    if (when === "when it runs") {
      await until(async () => (await browsers()) > 0, "a browser");
    } else {
      await until(() => bridge.log().includes('"state":"starting"'), "the start");
    }
    bridge.child.kill("SIGTERM");
    assert.deepEqual(await bridge.ended, [0, null], bridge.log());
    await asked;
    await until(async () => (await browsers()) === 0, `no browser is left (${when})`);
  }
});

test(
  "killed: the browser ends by itself, and the profile can be used again",
  { timeout: 60_000 },
  async () => {
    const bridge = await withDevice();
    const asked = bridge.call("GET", `/devices/${DEVICE}/login`).catch(() => undefined);
    await until(async () => (await browsers()) > 0, "a browser");
    bridge.child.kill("SIGKILL");
    await bridge.ended;
    await asked;
    await until(async () => (await browsers()) === 0, "no browser is left");
    const again = await withDevice();
    const login = await again.call("GET", `/devices/${DEVICE}/login`);
    assert.match(login.json.message, /cannot reach web\.whatsapp\.com/, again.log());
    again.child.kill("SIGTERM");
    assert.deepEqual(await again.ended, [0, null]);
  },
);

test("no Chromium", { timeout: 60_000 }, async () => {
  const bridge = await startProcess("../src/main.js", { ...env, CHROMIUM_PATH: path.join(data, "nothing") });
  const login = await bridge.call("GET", `/devices/${DEVICE}/login`);
  assert.match(login.json.message, /Chromium was not found\. Install it, or set CHROMIUM_PATH/);
  bridge.child.kill("SIGTERM");
  assert.deepEqual(await bridge.ended, [0, null]);
});

test("a profile that a crash left locked", { timeout: 60_000 }, async () => {
  const profile = path.join(data, "locked");
  await fs.mkdir(profile);
  const lock = path.join(profile, "SingletonLock");
  // A process of that number lives, but is no browser of this profile: it is left alone.
  await fs.symlink(`${os.hostname()}-${process.pid}`, lock);
  await freeProfile(profile);
  await assert.rejects(fs.lstat(lock), /ENOENT/);
  assert(isAlive(process.pid));

  const args = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
  ];
  const browser = spawn(env.CHROMIUM_PATH ?? "", args, { stdio: "ignore", detached: true });
  await until(() => fs.readlink(lock).catch(() => undefined), "a browser in the profile");
  await until(async () => (await descendants(browser.pid ?? 0)).length > 0, "its processes");
  assert(Number(await memoryMb(browser.pid ?? 0)) > 10, "it takes some memory");
  await freeProfile(profile);
  await assert.rejects(fs.lstat(lock), /ENOENT/);
  await until(async () => (await browsers()) === 0, "the old browser is gone");
});
