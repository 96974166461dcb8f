// The browser as a process: profiles that a dead one left locked, memory, and a certain end.

import { readFileSync } from "node:fs";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const LOCKS = ["SingletonLock", "SingletonCookie", "SingletonSocket"];

/**
 * Frees a profile that a crash left locked, and ends a browser that still sits in it. Chromium refuses to start
 * on a locked profile, and two browsers in one profile destroy it.
 *
 * @param {string} profile folder
 */
export async function freeProfile(profile) {
  // It points to `<host>-<process>`.
  const owner = await fs.readlink(path.join(profile, "SingletonLock")).catch(() => "");
  const pid = Number(owner.slice(owner.lastIndexOf("-") + 1));
  if (pid > 1 && owner === `${os.hostname()}-${pid}` && (await isBrowserOf(pid, profile))) {
    await kill(pid);
  }
  for (const lock of LOCKS) {
    await fs.rm(path.join(profile, lock), { force: true });
  }
}

/** Ends a browser with all of its processes, and comes back when they are gone. */
export async function kill(/** @type {number} */ pid) {
  const all = [pid, ...(await descendants(pid))];
  for (const one of [-pid, ...all]) {
    try {
      process.kill(one, "SIGKILL");
    } catch {
      // Gone already, or not the head of a group.
    }
  }
  for (let tries = 0; tries < 50 && all.some(isAlive); tries += 1) {
    await sleep(20);
  }
}

/** Whether a process runs. One that is dead and only waits to be collected does not. */
export function isAlive(/** @type {number} */ pid) {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(stat(pid));
  } catch (/** @type {any} */ error) {
    return error.code === "EPERM";
  }
}

function stat(/** @type {number} */ pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

/**
 * Memory that a browser and its processes hold for themselves, in MB. Shared pages are left out: counted once
 * for each process they would make the sum several times too large.
 *
 * @param {number} pid
 * @returns {Promise<number | undefined>} undefined where the system does not tell
 */
export async function memoryMb(pid) {
  const sizes = await Promise.all(
    [pid, ...(await descendants(pid))].map(async (one) => {
      const status = await fs.readFile(`/proc/${one}/status`, "utf8").catch(() => "");
      return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    }),
  );
  const sum = sizes.reduce((a, b) => a + b, 0);
  return sum > 0 ? Math.round(sum / 1024) : undefined;
}

/** @returns {Promise<number[]>} all below a process; none where the system does not tell */
export async function descendants(/** @type {number} */ pid) {
  const all = await fs.readdir("/proc").catch(() => []);
  /** @type {Map<number, number[]>} */
  const children = new Map();
  await Promise.all(
    all.filter(isNumber).map(async (name) => {
      const stat = await fs.readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
      // The program's name, in brackets, may hold anything.
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    }),
  );
  const found = [pid];
  for (const one of found) {
    found.push(...(children.get(one) ?? []));
  }
  return found.slice(1);
}

function isNumber(/** @type {string} */ name) {
  return /^\d+$/.test(name);
}

/** Process numbers are used again: only a browser that was started on this profile is meant. */
async function isBrowserOf(/** @type {number} */ pid, /** @type {string} */ profile) {
  const line = await fs.readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return line.includes(`--user-data-dir=${profile}`);
}
