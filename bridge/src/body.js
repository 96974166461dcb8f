// What callers send along: JSON or a form, never more than allowed.

import { Refusal, invalid } from "./answers.js";

/** A file of a form. */
/** @typedef {{name: string, type: string, bytes: Buffer}} Upload */

/**
 * @typedef {object} Body
 * @property {Record<string, any>} fields
 * @property {Map<string, Upload>} files
 */

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {number} limit in bytes
 * @returns {Promise<Body>}
 */
export async function readBody(request, limit) {
  const bytes = await readBytes(request, limit);
  const type = request.headers["content-type"] ?? "";
  if (bytes.length === 0) {
    return { fields: {}, files: new Map() };
  }
  if (/^multipart\/form-data/i.test(type)) {
    return readForm(bytes, type);
  }
  let json;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new Refusal(400, "BAD_REQUEST", "the body is not valid JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Refusal(400, "BAD_REQUEST", "the body is not a JSON object");
  }
  return { fields: json, files: new Map() };
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {number} limit
 */
async function readBytes(request, limit) {
  const tooLarge = () =>
    new Refusal(
      413,
      "REQUEST_TOO_LARGE",
      `a request has at most ${limit / 1024 / 1024} MB (BRIDGE_MAX_BODY_MB)`,
    );
  if (Number(request.headers["content-length"]) > limit) {
    throw tooLarge();
  }
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > limit) {
      throw tooLarge();
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/**
 * @param {Buffer} bytes
 * @param {string} type
 * @returns {Promise<Body>}
 */
async function readForm(bytes, type) {
  /** @type {Body} */
  const body = { fields: Object.create(null), files: new Map() };
  let form;
  try {
    form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  } catch {
    throw new Refusal(400, "BAD_REQUEST", "the body is not a valid form");
  }
  for (const [name, value] of form) {
    if (typeof value === "string") {
      body.fields[name] = value;
    } else {
      const content = Buffer.from(await value.arrayBuffer());
      body.files.set(name, { name: value.name, type: value.type, bytes: content });
    }
  }
  return body;
}

/** Yes, in any spelling. Forms know only texts. */
export function flag(/** @type {unknown} */ value) {
  return value === true || value === 1 || (typeof value === "string" && /^(true|1|on)$/i.test(value));
}

/** A text that must be there. */
export function text(/** @type {Record<string, any>} */ fields, /** @type {string} */ name, most = 65_536) {
  const value = fields[name];
  if (typeof value !== "string" || value.trim() === "") {
    throw invalid(`${name}: cannot be blank.`);
  }
  if (value.length > most) {
    throw invalid(`${name}: has at most ${most} characters.`);
  }
  return value;
}

/** A finite number that must be there; texts count. */
export function number(
  /** @type {Record<string, any>} */ fields,
  /** @type {string} */ name,
  /** @type {number} */ least,
  /** @type {number} */ most,
) {
  const raw = fields[name];
  const value = typeof raw === "string" && raw.trim() !== "" ? Number(raw) : raw;
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw invalid(`${name}: must be a number from ${least} to ${most}.`);
  }
  return value;
}
