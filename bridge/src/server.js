// The HTTP server: who may call, what is called, and the envelope around the answer.

import { createHash, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import http from "node:http";

import { Done, File, Refusal, invalid } from "./answers.js";
import { readBody } from "./body.js";
import { Late, words } from "./limits.js";
import { routes } from "./routes.js";
import { isPageGone } from "./session.js";

/** What a handler gets. */
/**
 * @typedef {object} Call
 * @property {import("./bridge.js").Bridge} bridge
 * @property {any} device a `Device` where the route asks for one
 * @property {Record<string, string>} path
 * @property {URLSearchParams} query
 * @property {import("./body.js").Body} body
 * @property {import("node:http").IncomingHttpHeaders} headers
 */

/**
 * @param {import("./bridge.js").Bridge} bridge
 * @returns {http.Server}
 */
export function createServer(bridge) {
  const { config, log } = bridge.options;
  const server = http.createServer(async (request, response) => {
    try {
      await answer(bridge, request, response);
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof Late)) {
        log("error", "a call failed", { path: request.url?.split("?")[0], error: words(error) });
      }
      refuse(response, refusal(error));
    }
  });
  server.requestTimeout = 60_000;
  server.headersTimeout = 10_000;
  server.maxHeadersCount = 100;
  server.on("clientError", (_, socket) => {
    if (socket.writable) {
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    }
  });
  server.listen(config.port, config.host);
  return server;
}

/**
 * @param {import("./bridge.js").Bridge} bridge
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 */
async function answer(bridge, request, response) {
  const { config } = bridge.options;
  const [rawPath = "/", rawQuery = ""] = (request.url ?? "/").split("?", 2);
  const known = mayCall(config.users, request.headers.authorization);
  if (rawPath === "/health" && !known) {
    return plain(response, bridge.healthy ? 200 : 503, bridge.healthy ? "OK" : "Service Unavailable");
  }
  if (!known) {
    response.setHeader("WWW-Authenticate", 'Basic realm="Restricted"');
    return plain(response, 401, "Unauthorized");
  }
  const found = match(request.method ?? "GET", rawPath);
  if (!found.route) {
    const verb = found.other ? 405 : 404;
    return plain(response, verb, verb === 405 ? "Method Not Allowed" : `Cannot ${request.method} ${rawPath}`);
  }
  const query = new URLSearchParams(rawQuery);
  /** @type {Call} */
  const call = {
    bridge,
    device: undefined,
    path: found.path,
    query,
    headers: request.headers,
    body: await readBody(request, config.maxBodyBytes),
  };
  if (found.route.device) {
    call.device = deviceOf(bridge, found.path.device ?? asked(request.headers, query));
  }
  const result = await handled(found.route, call);
  if (result instanceof File) {
    response.writeHead(200, { "Content-Type": result.type, "X-Content-Type-Options": "nosniff" });
    createReadStream(result.path)
      .on("error", () => response.destroy())
      .pipe(response);
    return;
  }
  if (Buffer.isBuffer(result)) {
    response.writeHead(200, { "Content-Type": "image/png", "Cache-Control": "no-store" });
    response.end(result);
    return;
  }
  const { message, results } = result instanceof Done ? result : { message: "Success", results: result };
  envelope(response, 200, { code: "SUCCESS", message, ...(results !== undefined && { results }) });
}

/** Calls are often the first to notice that the page went away. */
async function handled(/** @type {import("./routes.js").Route} */ route, /** @type {Call} */ call) {
  try {
    return await route.handle(call);
  } catch (error) {
    if (isPageGone(error)) {
      call.device?.session.pageGone();
    }
    throw error;
  }
}

/** Compared without telling by the time it takes how much was right. */
function mayCall(/** @type {Map<string, string>} */ users, /** @type {string | undefined} */ header) {
  const [scheme = "", given = ""] = (header ?? "").split(" ", 2);
  if (scheme.toLowerCase() !== "basic") {
    return false;
  }
  const digest = (/** @type {string | Buffer} */ value) => createHash("sha256").update(value).digest();
  const got = digest(Buffer.from(given, "base64"));
  return [...users].map(([user, word]) => timingSafeEqual(got, digest(`${user}:${word}`))).includes(true);
}

/**
 * @param {string} method
 * @param {string} path
 * @returns {{route?: import("./routes.js").Route, path: Record<string, string>, other: boolean}}
 */
function match(method, path) {
  const parts = path.split("/").slice(1).map(decoded);
  let other = false;
  for (const route of routes) {
    const wanted = route.path.split("/").slice(1);
    const fits =
      wanted.length === parts.length &&
      wanted.every((w, i) => (w.startsWith(":") ? parts[i] : w === parts[i]));
    if (fits && route.method === method) {
      const named = wanted.flatMap((w, i) => (w.startsWith(":") ? [[w.slice(1), parts[i] ?? ""]] : []));
      return { route, path: Object.fromEntries(named), other };
    }
    other ||= fits;
  }
  return { path: {}, other };
}

function decoded(/** @type {string} */ part) {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid("path: is not properly encoded.");
  }
}

/** The device that a call is for; the only one if none is named. */
function asked(/** @type {http.IncomingHttpHeaders} */ headers, /** @type {URLSearchParams} */ query) {
  const header = headers["x-device-id"];
  return (
    (typeof header === "string" ? decoded(header.replaceAll("+", " ")) : query.get("device_id")) || undefined
  );
}

/**
 * @param {import("./bridge.js").Bridge} bridge
 * @param {string | undefined} name
 */
function deviceOf(bridge, name) {
  if (name === undefined && bridge.devices.size > 1) {
    throw new Refusal(
      400,
      "DEVICE_ID_REQUIRED",
      "device_id is required via X-Device-Id header or device_id query",
    );
  }
  const device = name === undefined ? [...bridge.devices.values()][0] : bridge.find(name);
  if (!device) {
    throw new Refusal(404, "DEVICE_NOT_FOUND", "device not found; create a device first", {
      device_id: (name ?? "").slice(0, 128),
    });
  }
  return device;
}

/** What an error is called. */
function refusal(/** @type {unknown} */ error) {
  if (error instanceof Refusal) {
    return error;
  }
  if (error instanceof Late) {
    return new Refusal(504, "GATEWAY_TIMEOUT", error.message);
  }
  if (isPageGone(error)) {
    // It may have happened before the page went away.
    return new Refusal(504, "GATEWAY_TIMEOUT", `the page of WhatsApp Web has gone away (${words(error)})`);
  }
  return new Refusal(500, "INTERNAL_SERVER_ERROR", words(error));
}

function refuse(/** @type {http.ServerResponse} */ response, /** @type {Refusal} */ error) {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { code, message, results } = error;
  if (error.http === 413) {
    // The rest of the body is not read.
    response.setHeader("Connection", "close");
  }
  envelope(response, error.http, { code, message, ...(results !== undefined && { results }) });
}

function envelope(
  /** @type {http.ServerResponse} */ response,
  /** @type {number} */ status,
  /** @type {object} */ body,
) {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": bytes.length });
  response.end(bytes);
}

function plain(
  /** @type {http.ServerResponse} */ response,
  /** @type {number} */ status,
  /** @type {string} */ body,
) {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(body);
}
