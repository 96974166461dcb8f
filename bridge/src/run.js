// A bridge as a process: from the first line it prints to its exit code.

import { once } from "node:events";

import { words } from "./limits.js";
import { log } from "./log.js";
import { createServer } from "./server.js";

/** How long ending may take before it is forced. */
const END_MS = 20_000;

/** @param {(log: import("./log.js").Log) => import("./bridge.js").Bridge} make */
export async function run(make) {
  // The library leaves promises behind that fail when a page navigates or goes away; the session notices by
  // itself and must not be taken down with all others.
  process.on("unhandledRejection", (error) =>
    log("warn", "the library left a failure behind", { error: words(error) }),
  );
  process.on("uncaughtException", (error) => {
    log("error", "a mistake in the program; it ends so that it can be started anew", {
      error: error.stack ?? words(error),
    });
    process.exit(70);
  });

  const bridge = make(log);
  /** @type {import("node:http").Server | undefined} */
  let server;
  let ending = false;
  const end = async (/** @type {string} */ why) => {
    if (ending) {
      return;
    }
    ending = true;
    log("info", "ending", { why });
    setTimeout(() => {
      log("error", "ending took too long and is forced");
      process.exit(1);
    }, END_MS).unref();
    server?.close();
    server?.closeIdleConnections();
    await bridge.close();
    server?.closeAllConnections();
    log("info", "ended");
    process.exit(0);
  };
  const ask = (/** @type {string} */ why) =>
    void end(why).catch((error) => {
      log("error", "ending failed", { error: words(error) });
      process.exit(1);
    });
  process.on("SIGTERM", () => ask("SIGTERM"));
  process.on("SIGINT", () => ask("SIGINT"));
  if (bridge.options.config.endWithStdin) {
    // Whoever started us has gone, whatever way.
    process.stdin.on("end", () => ask("the standard input has ended")).resume();
    process.stdin.on("error", () => ask("the standard input has ended"));
  }

  await bridge.open();
  server = createServer(bridge);
  await once(server, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  process.stdout.write(
    `${JSON.stringify({ event: "listening", url: `http://${host}:${address.port}`, pid: process.pid })}\n`,
  );
}
