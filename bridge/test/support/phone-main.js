// A bridge as its own process, with one phone that remembers on disk what was said, to be started and killed by the
// tests of whoever supervises it. The folder of the data holds the wishes: `scan` (the code is scanned), `speak` (how many
// messages the customer shall have written by then), `picture` (what stands below the customer's picture by then), `vote` (the answers that the customer chooses of our last poll, a line
// each), `unlink` (the phone ends the link) and `block` (WhatsApp blocks the
// number).

import fs from "node:fs";
import path from "node:path";

import { Bridge } from "../../src/bridge.js";
import { readConfig } from "../../src/config.js";
import { run } from "../../src/run.js";
import { PEER, ReplayClient, fixture } from "./replay.js";

const LOOK_MS = 5;

/** @type {import("../../src/config.js").Config} */
const config = readConfig(process.env, process.argv.slice(2));

function wish(/** @type {string} */ name) {
  const file = path.join(config.data, name);
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
}

class Phone extends ReplayClient {
  constructor(/** @type {string} */ folder) {
    const said = path.join(folder, "said.jsonl");
    const lines = fs.existsSync(said) ? fs.readFileSync(said, "utf8").split("\n").filter(Boolean) : [];
    super({ start: "silent", history: lines.map((line) => JSON.parse(line)) });
    this.said = said;
    this.voted = "";
    this.caption = "";
    this.link = path.join(folder, "session-web", "linked");
  }

  async initialize() {
    if (wish("unlink")) {
      fs.rmSync(this.link, { force: true });
    }
    if (fs.existsSync(this.link)) {
      this.becomeReady();
    } else {
      this.emit("qr", "2@abc,def,ghi,jkl,1");
    }
    this.#look();
  }

  /** Whether somebody wishes anything, again and again. */
  #look() {
    if (this.destroyed) {
      return;
    }
    if (wish("block")) {
      this.emit("disconnected", "TOS_BLOCK");
      return;
    }
    const linked = fs.existsSync(this.link);
    const written = this.history.filter((message) => !message.fromMe).length;
    if (!linked && wish("scan")) {
      fs.mkdirSync(path.dirname(this.link), { recursive: true });
      fs.writeFileSync(this.link, "");
      this.becomeReady();
    } else if (linked && written < Number(wish("speak"))) {
      this.say("message_text_in", `in${written}`, `message ${written}`);
    } else if (linked) {
      this.#vote(wish("vote"));
      this.#picture(wish("picture"));
    }
    setTimeout(() => this.#look(), LOOK_MS);
  }

  #vote(/** @type {string} */ chosen) {
    const poll = this.history.findLast((message) => message.type === "poll_creation");
    if (!poll || chosen === this.voted || !chosen) {
      return;
    }
    this.voted = chosen;
    const names = chosen.split("\n").filter(Boolean);
    this.emit("vote_update", {
      voter: PEER,
      parentMsgKey: poll.id,
      selectedOptions: names.map((name, localId) => ({ localId, name })),
      interractedAtTs: Date.now(),
    });
  }

  /** The customer sends a picture, and then changes the words below it. */
  #picture(/** @type {string} */ caption) {
    if (!caption || caption === this.caption) {
      return;
    }
    const before = this.caption;
    this.caption = caption;
    const picture = this.history.find((message) => message.type === "image");
    if (!picture) {
      this.say("message_image_caption", "picture", caption);
      return;
    }
    const { latestEditMsgKey } = fixture("message_edit_event").message;
    const edited = { latestEditMsgKey, latestEditSenderTimestampMs: Date.now() + 1_000 };
    Object.assign(picture, edited, { body: caption });
    this.emit("message_edit", picture, caption, before);
  }

  get history() {
    return /** @type {any[]} */ (this.script.history);
  }

  /** WhatsApp has it before anybody is told. */
  say(/** @type {string} */ name, /** @type {string} */ id, /** @type {any} */ said) {
    const usual = fixture(name);
    const key = { ...usual.id, id, _serialized: `${usual.fromMe}_${PEER}_${id}` };
    const body =
      typeof said === "string" ? { body: said } : { ...said, body: said.pollName, type: "poll_creation" };
    const message = { ...usual, id: key, ...body, timestamp: Math.floor(Date.now() / 1000) };
    fs.appendFileSync(this.said, `${JSON.stringify(message)}\n`);
    this.history.push(message);
    this.create(message);
    return message;
  }

  async sendMessage(/** @type {any[]} */ ...[, body]) {
    const message = this.say("message_text_out_echo_message_create", `out${this.history.length}`, body);
    setTimeout(() => this.emit("message_ack", message, 2), LOOK_MS);
    return this.message(message);
  }

  async getChats() {
    const timestamp = this.history.at(-1)?.timestamp ?? 0;
    return [this.chat({ ...fixture("chat"), timestamp })];
  }

  async logout() {
    fs.rmSync(this.link, { force: true });
  }
}

await run(
  (log) =>
    new Bridge({
      config,
      log,
      waits: { first: 1, most: 20, total: 5_000 },
      createClient: ({ folder }) => new Phone(folder),
    }),
);
