// The bridge with the real library and a real browser, in which a page of ours plays WhatsApp Web. Lines on the
// standard input are run in that page; what they give is printed.

import { createInterface } from "node:readline";

import { Bridge } from "../../src/bridge.js";
import { readConfig } from "../../src/config.js";
import { clientFactory } from "../../src/library.js";
import { words } from "../../src/limits.js";
import { run } from "../../src/run.js";

const config = readConfig(process.env, []);
/** @type {any} */
let client;

await run(
  (log) =>
    new Bridge({
      config,
      log,
      timings: { probe: 200, retry: 1 },
      waits: { first: 1, most: 20, total: 5_000 },
      createClient: (options) => {
        // The library puts a stored page in place of the one on the net.
        const webVersionCache = { type: "local", path: String(process.env.PAGE_FOLDER), strict: true };
        client = clientFactory(config, { webVersion: "index", webVersionCache })(options);
        return client;
      },
    }),
);

for await (const line of createInterface({ input: process.stdin })) {
  const result = await client.pupPage
    .evaluate(line)
    .catch((/** @type {unknown} */ error) => ({ error: words(error) }));
  process.stdout.write(`${JSON.stringify(result ?? null)}\n`);
}
