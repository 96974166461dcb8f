// Starts the bridge, says where it listens, and ends it in good order.

import { Bridge } from "./bridge.js";
import { ConfigError, readConfig } from "./config.js";
import { clientFactory } from "./library.js";
import { words } from "./limits.js";
import { run } from "./run.js";

/** Secrets must not be inherited by the browsers. */
const SECRETS = ["APP_BASIC_AUTH", "WHATSAPP_WEBHOOK_SECRET"];

try {
  const config = readConfig(process.env, process.argv.slice(2));
  for (const name of SECRETS) {
    delete process.env[name];
  }
  await run((log) => new Bridge({ config, createClient: clientFactory(config), log }));
} catch (error) {
  process.stderr.write(`${words(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
