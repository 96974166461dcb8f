// A bridge as its own process whose library speaks without end, to be killed.

import { Bridge } from "../../src/bridge.js";
import { readConfig } from "../../src/config.js";
import { run } from "../../src/run.js";
import { ReplayClient, fixture } from "./replay.js";

const TEXT = fixture("message_text_in");
let count = 0;

await run(
  (log) =>
    new Bridge({
      config: readConfig(process.env, process.argv.slice(2)),
      log,
      waits: { first: 1, most: 20, total: 5_000 },
      createClient: () => {
        const client = new ReplayClient({ start: "linked" });
        client.on("ready", () => {
          const speak = () => {
            const id = `${process.pid}.${(count += 1)}`;
            client.create({ ...TEXT, id: { ...TEXT.id, id }, timestamp: Math.floor(Date.now() / 1000) });
            setTimeout(speak, 1);
          };
          if (count === 0) {
            speak();
          }
        });
        return client;
      },
    }),
);
