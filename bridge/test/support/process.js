// The bridge as a process of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * @param {string} main file, as seen from the tests' folder
 * @param {Record<string, string>} env
 * @param {string[]} [args]
 */
export async function startProcess(main, env, args = []) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`../${main}`, import.meta.url)), ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, APP_PORT: "0", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (part) => (errors += part));
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, "line"), ended.then(() => undefined)]);
  if (!first) {
    throw new Error(`it has ended: ${errors}`);
  }
  const { url } = JSON.parse(String(first[0]));
  return {
    child,
    url,
    /** Its log so far. */
    log: () => errors,
    /** Its exit code and signal. */
    ended,
    /** @returns {Promise<{http: number, json: any}>} */
    async call(
      /** @type {string} */ method,
      /** @type {string} */ at,
      /** @type {any} */ body = undefined,
      /** @type {Record<string, string>} */ headers = {},
    ) {
      const response = await fetch(`${url}${at}`, {
        method,
        headers: {
          authorization: `Basic ${Buffer.from(env.APP_BASIC_AUTH ?? "").toString("base64")}`,
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { http: response.status, json: text.startsWith("{") ? JSON.parse(text) : text };
    },
  };
}
