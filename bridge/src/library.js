// The real whatsapp-web.js, with the system's Chromium.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import library from "whatsapp-web.js";

const { Client, LocalAuth } = library;

/** What of our own environment a browser may see: no secrets. */
const HARMLESS = [
  "PATH",
  "HOME",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "XDG_RUNTIME_DIR",
];

/** Version of whatsapp-web.js. */
export const LIBRARY_VERSION = String(
  JSON.parse(readFileSync(createRequire(import.meta.url).resolve("whatsapp-web.js/package.json"), "utf8"))
    .version,
);

/**
 * @param {{chromium: string, sandbox: boolean}} config
 * @param {object} [more] options of the library
 * @returns {(options: {folder: string, signal: AbortSignal}) => InstanceType<typeof Client>}
 */
export function clientFactory(config, more = {}) {
  const env = Object.fromEntries(
    HARMLESS.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  return ({ folder, signal }) =>
    new Client({
      authStrategy: new LocalAuth({ clientId: "web", dataPath: folder }),
      puppeteer: {
        executablePath: config.chromium,
        headless: true,
        // The browser ends when this end of the pipe does, even if this program is killed.
        pipe: true,
        env,
        signal,
        // Ending is our own business, in our own order.
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
        args: [
          "--disable-dev-shm-usage",
          "--disable-gpu",
          "--no-first-run",
          ...(config.sandbox ? [] : ["--no-sandbox", "--disable-setuid-sandbox"]),
        ],
      },
      // No copy of WhatsApp's page on disk: it would grow old.
      webVersionCache: { type: "none" },
      // Codes are counted by the session, which also knows of pairing codes.
      qrMaxRetries: 0,
      takeoverOnConflict: false,
      ...more,
    });
}
