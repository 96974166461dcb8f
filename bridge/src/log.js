// One JSON object a line, on the standard error output: the standard output is for whoever started us.

/** @typedef {(level: "debug" | "info" | "warn" | "error", message: string, fields?: object) => void} Log */

/** @type {Log} */
export function log(level, message, fields = {}) {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...fields })}\n`);
}
