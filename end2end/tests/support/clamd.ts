// The real virus scanner, with one signature of our own, on a socket in a temporary folder.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** What it finds harmful. */
export const HARM = "this-harms-whoever-opens-it";
/** By which name. */
export const FOUND = "Balas.Test.Harm.UNOFFICIAL";

// Debian keeps it off the search path of those who are not root.
const PROGRAMS = ["/usr/sbin/clamd", "/usr/local/sbin/clamd", "/usr/bin/clamd"];

export class Clamd {
  private process: ChildProcess | undefined;

  private constructor(private readonly folder: string) {}

  /** Prepares it; nobody answers before {@link Clamd.up}. */
  static async prepare(): Promise<Clamd> {
    const folder = await mkdtemp(path.join(tmpdir(), "balas-clamd-"));
    const at = (name: string): string => path.join(folder, name);
    await mkdir(at("known"));
    await writeFile(at("known/balas.ndb"), `Balas.Test.Harm:0:*:${Buffer.from(HARM).toString("hex")}\n`);
    const settings = [
      `DatabaseDirectory ${at("known")}`,
      `LocalSocket ${at("socket")}`,
      `LogFile ${at("log")}`,
      `TemporaryDirectory ${folder}`,
      "Foreground yes",
    ];
    await writeFile(at("clamd.conf"), `${settings.join("\n")}\n`);
    return new Clamd(folder);
  }

  /** Where it listens, for the server's settings. */
  get settings(): string {
    return `[clamd]\naddress = "${path.join(this.folder, "socket")}"\n`;
  }

  /** Starts it, and waits until it answers. */
  async up(): Promise<void> {
    const program = PROGRAMS.find((program) => existsSync(program));
    if (!program) {
      throw new Error("clamd is missing; install it (Debian, Ubuntu: apt-get install clamav-daemon)");
    }
    const child = spawn(program, ["--config-file", path.join(this.folder, "clamd.conf")], { stdio: "ignore" });
    this.process = child;
    while (!(await this.answers())) {
      if (child.exitCode !== null) {
        throw new Error(`clamd ended at once (${child.exitCode})`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(path.join(this.folder, "socket"), () => {
        socket.end();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
  }

  /** Ends it and takes its folder away. */
  async remove(): Promise<void> {
    this.process?.kill("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }
}
