// What was once read by people and found good. `UPDATE_GOLDEN=1` writes it anew, to be read again.
//
// The tests of the Rust client read these files, too.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../golden", import.meta.url));

/** What differs each time, made the same. */
function settled(/** @type {any} */ value) {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(/"delivery_id": "[^:"]+:/g, '"delivery_id": "00000000-0000-4000-8000-000000000000:')}\n`;
}

/**
 * @param {"webhooks" | "rest"} kind
 * @param {string} name
 * @param {any} value
 */
export function golden(kind, name, value) {
  const file = path.join(FOLDER, kind, `${name}.json`);
  const text = settled(value);
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.equal(
    text,
    readFileSync(file, "utf8"),
    `${kind}/${name} differs; if it should, run with UPDATE_GOLDEN=1`,
  );
}

/** All names that there are. */
export function goldenNames(/** @type {string} */ kind) {
  return readdirSync(path.join(FOLDER, kind)).map((name) => name.replace(/\.json$/, ""));
}
