// What the environment says. Names that the gateway has too mean the same here.

import path from "node:path";

/**
 * @typedef {object} Config
 * @property {string} host
 * @property {number} port 0 takes a free one
 * @property {Map<string, string>} users with their passwords
 * @property {string} data folder
 * @property {string} chromium program
 * @property {boolean} sandbox Chromium's own
 * @property {number} memoryMb most memory for one account's browser
 * @property {number} maxDevices
 * @property {number} maxBodyBytes
 * @property {import("./registry.js").Webhook | undefined} webhook for devices without their own
 * @property {boolean} endWithStdin
 */

/** The settings cannot be used. The message says what to do. */
export class ConfigError extends Error {}

/** What the gateway signs with when nobody chose a secret. */
const DEFAULT_SECRET = "secret";
const MIN_SECRET = 8;

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} args
 * @returns {Config}
 */
export function readConfig(env, args) {
  const unknown = args.filter((arg) => arg !== "--end-with-stdin");
  if (unknown.length > 0) {
    throw new ConfigError(`Unknown argument ${unknown[0]}. Only --end-with-stdin is known.`);
  }
  return {
    host: env.APP_HOST || "127.0.0.1",
    port: number(env, "APP_PORT", 3000, 0, 65_535),
    users: users(env.APP_BASIC_AUTH),
    data: path.resolve(env.BRIDGE_DATA || "bridge-data"),
    chromium: env.CHROMIUM_PATH || "/usr/bin/chromium",
    // Chromium refuses to start its sandbox as root.
    sandbox: env.BRIDGE_NO_SANDBOX !== "1" && process.getuid?.() !== 0,
    memoryMb: number(env, "BRIDGE_MEMORY_MB", 1024, 128, 65_536),
    maxDevices: number(env, "BRIDGE_MAX_DEVICES", 20, 1, 1000),
    maxBodyBytes: number(env, "BRIDGE_MAX_BODY_MB", 32, 1, 100) * 1024 * 1024,
    webhook: webhook(env.WHATSAPP_WEBHOOK, env.WHATSAPP_WEBHOOK_SECRET),
    endWithStdin: args.includes("--end-with-stdin"),
  };
}

/** Why a webhook cannot be used; undefined if it can. */
export function webhookProblem(/** @type {string} */ url, /** @type {string} */ secret) {
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
    return "webhook_url: must be a valid http:// or https:// address";
  }
  if (secret.length < MIN_SECRET || secret.toLowerCase() === DEFAULT_SECRET) {
    return `webhook_secret: must have at least ${MIN_SECRET} characters that nobody else knows`;
  }
  return undefined;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} name
 * @param {number} usual
 * @param {number} least
 * @param {number} most
 */
function number(env, name, usual, least, most) {
  const raw = env[name]?.trim();
  const value = raw ? Number(raw) : usual;
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new ConfigError(`${name} must be a whole number from ${least} to ${most}.`);
  }
  return value;
}

/** @returns {Map<string, string>} */
function users(/** @type {string | undefined} */ raw) {
  const pairs = (raw ?? "").split(",").filter(Boolean);
  const known = new Map(
    pairs.map((pair) => {
      const at = pair.indexOf(":");
      return /** @type {[string, string]} */ ([pair.slice(0, at), pair.slice(at + 1)]);
    }),
  );
  if (known.size === 0 || pairs.some((pair) => !/^[^:]+:.+$/.test(pair))) {
    throw new ConfigError("Set APP_BASIC_AUTH to user:password. Without it anybody could send messages.");
  }
  return known;
}

function webhook(/** @type {string | undefined} */ url, /** @type {string | undefined} */ secret) {
  if (!url) {
    return undefined;
  }
  const problem = webhookProblem(url, secret ?? "");
  if (problem) {
    throw new ConfigError(`WHATSAPP_WEBHOOK and WHATSAPP_WEBHOOK_SECRET cannot be used: ${problem}.`);
  }
  return { url, secret: secret ?? "", events: [] };
}
