// The real program with a data folder of its own on addresses of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { Sandbox } from "./sandbox.js";

export type Role = "owner" | "supervisor" | "agent";

/** Everyone of the demo has it. */
export const PASSWORD = "balas-demo";

/** The names of the demo's people. */
export const NAMES: Record<Role, string> = {
  owner: "Melati Kusuma",
  supervisor: "Bayu Pratama",
  agent: "Rani Wulandari",
};

export const emailOf = (role: Role): string => `${role}@demo.test`;

export type Cookie = { name: string; value: string; url: string };

/** Where `cargo xtask build` has left the program. */
function program(): string {
  const named = process.env.BALAS_BIN;
  const found = named ?? path.resolve(import.meta.dirname, "../../../target/debug/balas");
  if (!existsSync(found)) {
    throw new Error(`${found} is not there: run \`cargo xtask build\`, or name the program in BALAS_BIN`);
  }
  return found;
}

/** Starting takes a second; a busy machine may take a while longer. */
const START_MS = 40_000;
const STOP_MS = 20_000;

export class Server {
  /** Address of the inbox, without a slash at its end. */
  url = "";
  /** The phones that live inside. Empty when the server was started without them. */
  sandbox = new Sandbox("");
  private process: ChildProcess | undefined;
  private log = "";
  private sessions = new Map<string, Cookie>();
  private customers = 0;

  private constructor(private readonly folder: string) {}

  /**
   * Starts a server with an empty data folder and the demo shop.
   *
   * @param settings More of its `balas.toml`.
   */
  static async start(settings = ""): Promise<Server> {
    const folder = await mkdtemp(path.join(tmpdir(), "balas-end2end-"));
    await chmod(folder, 0o700);
    // Everyone signs in from the same address here.
    await writeFile(path.join(folder, "balas.toml"), `[limits]\nsign_in_per_minute = 100000\n${settings}`);
    const server = new Server(folder);
    try {
      await server.up();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  /**
   * Starts the program (again, on the addresses that it had).
   *
   * @param graph Address of a WhatsApp elsewhere; without it, one runs inside.
   */
  async up(graph?: string): Promise<void> {
    const listen = this.url ? new URL(this.url).host : "127.0.0.1:0";
    const phones = this.sandbox.url ? new URL(this.sandbox.url).host : "127.0.0.1:0";
    const world = graph ? ["--cloud-base-url", graph] : ["--sandbox", "--sandbox-listen", phones];
    const args = ["serve", "--data", this.folder, "--listen", listen, "--log", "warn", ...world];
    // Nothing of the environment may configure it otherwise.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BALAS_")));
    const child = spawn(program(), args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    let out = "";
    const announced = graph ? /Inbox\s+http\S+\n/ : /Inbox\s+http\S+\n[^]*Sandbox\s+http[^]*\n\n/;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the server did not start:\n${out}${this.log}`)), START_MS);
      child.stdout?.on("data", (piece: Buffer) => {
        out += piece.toString();
        if (announced.test(out)) {
          clearTimeout(late);
          resolve();
        }
      });
      child.stderr?.on("data", (piece: Buffer) => (this.log += piece.toString()));
      child.once("exit", (code, signal) => {
        clearTimeout(late);
        reject(new Error(`the server ended (${code ?? signal}):\n${out}${this.log}`));
      });
    });
    const address = (label: string): string => new RegExp(`${label}\\s+(http://\\S+)`).exec(out)?.[1] ?? "";
    this.url = address("Inbox");
    if (!graph) {
      this.sandbox = new Sandbox(address("Sandbox"));
    }
  }

  /** Pulls the plug, or asks the program to stop. */
  async down(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    const insist = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await gone;
    clearTimeout(insist);
  }

  /** Ends it and takes its data away. */
  async remove(): Promise<void> {
    await this.down("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The data folder. */
  get data(): string {
    return this.folder;
  }

  /** What the program has logged: warnings and errors. */
  get logged(): string {
    return this.log;
  }

  /** A signed-in session of a member, as a cookie. Made once per member: checking passwords is slow on purpose. */
  async session(email: string, password = PASSWORD): Promise<Cookie> {
    const known = this.sessions.get(email);
    if (known) {
      return known;
    }
    const answer = await fetch(`${this.url}/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", origin: this.url },
      body: new URLSearchParams({ email, password }),
      redirect: "manual",
    });
    const [, value] = /balas_session=([^;]+)/.exec(answer.headers.get("set-cookie") ?? "") ?? [];
    if (!value) {
      throw new Error(`${email} could not sign in: ${answer.status}`);
    }
    const cookie = { name: "balas_session", value, url: this.url };
    this.sessions.set(email, cookie);
    return cookie;
  }

  /** A customer who has never written before. */
  customer(): Customer {
    this.customers += 1;
    const n = String(this.customers).padStart(4, "0");
    return new Customer(this.sandbox, `62877000${n}`, `Customer ${n}`);
  }
}

/** Someone with a phone. */
export class Customer {
  constructor(
    readonly sandbox: Sandbox,
    readonly number: string,
    readonly name: string,
  ) {}

  /** Writes a text; returns the id that WhatsApp gives it. */
  writes(text: string, more: Record<string, unknown> = {}): Promise<string> {
    return this.sandbox.receive({ from: this.number, name: this.name, text, ...more });
  }

  /** Sends a message of any kind in Meta's form. */
  sends(type: string, message: unknown, more: Record<string, unknown> = {}): Promise<string> {
    return this.sandbox.receive({ from: this.number, name: this.name, type, message, ...more });
  }

  /** Sends a file, see `crates/sandbox/src/world/media.rs`. */
  sendsFile(media: Record<string, unknown>): Promise<string> {
    return this.sandbox.receive({ from: this.number, name: this.name, media });
  }

  /** What kinds of messages are on the phone that came from the shop. */
  async kinds(): Promise<string[]> {
    return (await this.sandbox.sent(this.number)).map((message) => message.type);
  }

  /** The files on the phone that came from the shop. */
  async files(): Promise<{ type: string; voice: boolean; mime: string }[]> {
    const sent = await this.sandbox.sent(this.number);
    return sent.flatMap(({ type, media }) => (media ? [{ type, voice: media.voice, mime: media.mime }] : []));
  }

  /** The texts on the phone that came from the shop. */
  async texts(): Promise<string[]> {
    return (await this.sandbox.sent(this.number)).map((message) => message.text ?? "");
  }
}
