// Callers and bodies that mean no good, and callers that made a mistake: clear answers, no harm.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, test } from "node:test";

import { ConfigError, readConfig } from "../src/config.js";
import { DEVICE, PASSWORD, Rig, USER } from "./support/rig.js";
import { until } from "./support/until.js";

/** @type {Rig} */
let rig;

before(async () => {
  rig = await new Rig().open({ timings: { retry: 1 } });
  await rig.ready();
});
after(() => rig.close());

/** What comes back for exact bytes. */
async function raw(/** @type {string} */ bytes) {
  const { port } = new URL(rig.url ?? "");
  const socket = net.connect(Number(port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(bytes);
  const parts = [];
  socket.on("error", () => {});
  for await (const part of socket) {
    parts.push(part);
    if (Buffer.concat(parts).includes("\r\n\r\n")) {
      break;
    }
  }
  return Buffer.concat(parts).toString("utf8");
}

const basic = (/** @type {string} */ pair) => `Basic ${Buffer.from(pair).toString("base64")}`;

test("who may not", async () => {
  for (const authorization of [
    "",
    "Basic",
    "Basic !!!",
    basic(USER),
    basic(`${USER}:`),
    basic(`${USER}:${PASSWORD} `),
    basic(`:${PASSWORD}`),
    basic(`other:${PASSWORD}`),
    `Bearer ${PASSWORD}`,
  ]) {
    for (const at of ["/devices", "/nope", "/statics/qrcode/x.png", "/send/message"]) {
      const response = await fetch(`${rig.url}${at}`, { headers: { authorization } });
      assert.deepEqual([response.status, await response.text()], [401, "Unauthorized"], authorization);
      assert.match(response.headers.get("www-authenticate") ?? "", /^Basic/);
    }
  }
  const health = await fetch(`${rig.url}/health`);
  assert.equal(await health.text(), "OK", "strangers learn no more");
});

test("bodies that are none", async () => {
  for (const body of ["", "{", "null", "[]", '"x"', "5", "{'a':1}", "\u0000", '{"phone":'.repeat(1000)]) {
    const answer = await rig.call("POST", "/send/message", body);
    assert.equal(answer.http, 400, body.slice(0, 20));
    assert.match(answer.json.code, /^(BAD_REQUEST|VALIDATION_ERROR)$/);
  }
  const deep = await rig.call("POST", "/send/message", `${"[".repeat(50_000)}${"]".repeat(50_000)}`);
  assert.equal(deep.http, 400);
  for (const [type, body] of [
    ["multipart/form-data", "x"],
    ["multipart/form-data; boundary=x", "no form"],
    ["multipart/form-data; boundary=x", "--x\r\n"],
  ]) {
    const answer = await rig.call("POST", "/send/image", body, { "content-type": type ?? "" });
    assert.deepEqual([answer.http, answer.json.code], [400, "BAD_REQUEST"], body);
  }
});

test("fields of other types", async () => {
  for (const odd of [null, 5, true, [], {}, { toString: 1 }, "x".repeat(70_000)]) {
    for (const [at, field] of [
      ["/send/message", "message"],
      ["/send/contact", "contact_name"],
      ["/send/poll", "question"],
      ["/group", "title"],
    ]) {
      const answer = await rig.call("POST", at ?? "", { phone: "554198765432", [field ?? ""]: odd });
      assert.deepEqual([answer.http, answer.json.code], [400, "VALIDATION_ERROR"], `${at} ${typeof odd}`);
    }
  }
  const polluted = await rig.call(
    "POST",
    "/send/message",
    '{"__proto__":{"phone":"554198765432","message":"x"}}',
  );
  assert.equal(polluted.http, 400);
});

test("bodies that are too large", async () => {
  const limit = rig.bridge?.options.config.maxBodyBytes ?? 0;
  const answer = await raw(
    `POST /send/message HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(`${USER}:${PASSWORD}`)}\r\n` +
      `Content-Length: ${limit + 1}\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 413/);
  assert.match(answer, /Connection: close/i, "the rest is not read");
  const chunk = "x".repeat(limit + 1);
  const chunked = await raw(
    `POST /send/message HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(`${USER}:${PASSWORD}`)}\r\n` +
      `Transfer-Encoding: chunked\r\n\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n`,
  );
  assert.match(chunked, /^HTTP\/1\.1 413/);
});

test("what is not HTTP", async () => {
  assert.match(await raw("\x16\x03\x01\x02\x00\r\n\r\n"), /^HTTP\/1\.1 400/);
  assert.match(await raw("GET /health HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400/, "no host");
});

test("paths and methods that are none", async () => {
  for (const at of [
    "/",
    "/devices/",
    "/devices/x/y/z",
    "/send",
    "/%2e%2e/etc/passwd",
    "/message//read",
    "/app",
  ]) {
    const answer = await rig.call("GET", at);
    assert([404, 405].includes(answer.http), `${at}: ${answer.http}`);
    assert.equal(answer.json, undefined, "a web server's answer, not the gateway's");
  }
  assert.equal((await rig.call("DELETE", "/chats")).http, 405);
  assert.equal((await rig.call("GET", "/devices/%E0%A4%A")).http, 400);
});

test("names of devices", async () => {
  for (const id of ["", "..", ".", "a/b", "a b", "é", "x".repeat(129), 5, null, {}, ["a"]]) {
    const answer = await rig.call("POST", "/devices", { device_id: id });
    assert.deepEqual([answer.http, answer.json.code], [400, "VALIDATION_ERROR"], String(id));
  }
  for (const id of ["..%2f..", "%00", "nope"]) {
    const answer = await rig.call("DELETE", `/devices/${id}`);
    assert.deepEqual([answer.http, answer.json.code], [404, "DEVICE_NOT_FOUND"], id);
  }
  const odd = "Acc:1@x.y";
  assert.equal((await rig.call("POST", "/devices", { device_id: odd })).http, 200);
  assert.equal((await rig.call("GET", `/devices/${odd}/status`)).json.results.device_id, odd);
  assert.equal((await rig.call("DELETE", `/devices/${odd}`)).http, 200);
});

test("the library fails in its own ways", async () => {
  const send = () => rig.call("POST", "/send/message", { phone: "554198765432", message: "x" });
  const failing = async (/** @type {any} */ error) => {
    const { client } = rig;
    client.script = {
      start: "linked",
      answers: {
        sendMessage: () => {
          throw error;
        },
      },
    };
    const answer = await send();
    await until(() => rig.device.session.state === "ready", "ready again");
    rig.client.script = { start: "linked" };
    return answer;
  };
  const unknown = await failing(new Error("Protocol error (Runtime.callFunctionOn): Target closed"));
  assert.deepEqual([unknown.http, unknown.json.code], [504, "GATEWAY_TIMEOUT"]);
  const detached = await failing(new Error("Attempted to use detached Frame 'ABC'."));
  assert.deepEqual([detached.http, detached.json.code], [401, "AUTHENTICATION_ERROR"]);
  assert.match(detached.json.message, /reconnect/);
  for (const odd of ["r", new Error("Evaluation failed: r"), undefined, {}]) {
    const answer = await failing(odd);
    assert.deepEqual([answer.http, answer.json.code], [500, "INTERNAL_SERVER_ERROR"], String(odd));
  }
  assert(rig.clients.length >= 3, "pages that went away were replaced");
  assert.equal((await send()).http, 200);
});

test("settings", () => {
  const good = { APP_BASIC_AUTH: "a:b" };
  const config = readConfig(good, ["--end-with-stdin"]);
  assert.deepEqual([config.host, config.port, config.endWithStdin], ["127.0.0.1", 3000, true]);
  assert.deepEqual(
    readConfig({ APP_BASIC_AUTH: "a:b:c,d:e" }, []).users,
    new Map([
      ["a", "b:c"],
      ["d", "e"],
    ]),
  );
  for (const [env, words] of /** @type {[object, RegExp][]} */ ([
    [{ APP_BASIC_AUTH: undefined }, /APP_BASIC_AUTH/],
    [{ APP_BASIC_AUTH: "nopassword" }, /APP_BASIC_AUTH/],
    [{ APP_BASIC_AUTH: "a:" }, /APP_BASIC_AUTH/],
    [{ APP_PORT: "x" }, /APP_PORT must be a whole number/],
    [{ APP_PORT: "70000" }, /APP_PORT/],
    [{ BRIDGE_MEMORY_MB: "1" }, /BRIDGE_MEMORY_MB/],
    [{ WHATSAPP_WEBHOOK: "http://x", WHATSAPP_WEBHOOK_SECRET: "secret" }, /WHATSAPP_WEBHOOK_SECRET/],
  ])) {
    assert.throws(
      () => readConfig({ ...good, ...env }, []),
      (error) => {
        assert(error instanceof ConfigError);
        assert.match(error.message, words);
        return true;
      },
    );
  }
  assert.throws(() => readConfig(good, ["--help"]), /--end-with-stdin/);
});

test("it still works", async () => {
  assert.equal((await rig.call("GET", `/devices/${DEVICE}/status`)).json.results.state, "ready");
});
