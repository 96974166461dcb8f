// What callers get: the gateway's envelope, and its words for what went wrong.

/** A call that is refused, in the gateway's words. */
export class Refusal extends Error {
  /**
   * @param {number} http
   * @param {string} code
   * @param {string} message
   * @param {unknown} [results]
   */
  constructor(http, code, message, results) {
    super(message);
    this.http = http;
    this.code = code;
    this.results = results;
  }
}

/** A file instead of JSON. */
export class File {
  constructor(/** @type {string} */ path, /** @type {string} */ type) {
    this.path = path;
    this.type = type;
  }
}

/** An answer with its own sentence; other results get "Success". */
export class Done {
  constructor(/** @type {string} */ message, /** @type {unknown} */ results = undefined) {
    this.message = message;
    this.results = results;
  }
}

export const invalid = (/** @type {string} */ message) => new Refusal(400, "VALIDATION_ERROR", message);
export const notFound = (/** @type {string} */ message) => new Refusal(404, "NOT_FOUND", message);
export const notLinked = () => new Refusal(401, "AUTHENTICATION_ERROR", "you are not logged in");
/** The word "reconnect" tells clients that the phone is linked and only the connection is missing. */
export const notConnected = () =>
  new Refusal(401, "AUTHENTICATION_ERROR", "you are not connect to services server, please reconnect");
export const notOnWhatsApp = (/** @type {string} */ jid) =>
  new Refusal(404, "INVALID_JID", `Phone ${jid} is not on whatsapp`);
/** It may have happened all the same. */
export const unknownOutcome = (/** @type {string} */ message) => new Refusal(504, "GATEWAY_TIMEOUT", message);
