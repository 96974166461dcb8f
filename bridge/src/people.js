// Who is behind a LID, asked once and remembered. A LID looks like a number and is none.

import { isLid, serialized, toJid, toWid } from "./ids.js";
import { Recent, within } from "./limits.js";

const KEPT = 10_000;
/** How long an event may wait for it. */
const PATIENCE = 3_000;
/** An unknown LID is asked for again after this time. */
const UNKNOWN_FOR = 10 * 60_000;

export class People {
  /** LIDs and their numbers; a time where there is none yet. */
  #numbers = new Recent(KEPT);
  /** Numbers and what they are to be written to under. */
  #reachable = new Recent(KEPT);

  constructor(/** @type {() => any} */ client) {
    this.client = client;
  }

  /**
   * @param {string} jid
   * @returns {Promise<import("./translate.js").Person>}
   */
  person = async (jid) => {
    if (!isLid(jid)) {
      return { jid };
    }
    const known = this.#numbers.get(jid);
    if (typeof known === "string") {
      return { jid: known, lid: jid };
    }
    if (known === undefined || known < Date.now() - UNKNOWN_FOR) {
      const number = await this.#ask(jid);
      this.#numbers.set(jid, number || Date.now());
      if (number) {
        return { jid: number, lid: jid };
      }
    }
    return { jid, lid: jid };
  };

  /** All names of a chat that we know of, the given one first. */
  aliases(/** @type {string} */ jid) {
    const others = isLid(jid)
      ? [this.#numbers.get(jid)]
      : [...this.#numbers].filter(([, number]) => number === jid).map(([lid]) => lid);
    return [jid, ...others.filter((other) => typeof other === "string")];
  }

  /**
   * What the library reaches somebody under: numbers may be registered in another spelling.
   *
   * @param {string} jid
   * @returns {Promise<string>} empty if the number is not on WhatsApp
   */
  async reachable(jid) {
    const wid = toWid(jid);
    if (!wid.endsWith("@c.us")) {
      return wid;
    }
    const known = this.#reachable.get(wid);
    if (known) {
      return known;
    }
    /** @type {any} */
    let found;
    try {
      found = await within(PATIENCE * 2, this.client().getNumberId(wid), "looking up the number");
    } catch {
      // Only an answer counts as a no.
      return wid;
    }
    const reached = serialized(found);
    if (reached) {
      this.#reachable.set(wid, reached);
    }
    return reached;
  }

  /** Reachable without asking: somebody wrote from there. */
  seen(/** @type {string} */ wid) {
    this.#reachable.set(wid, wid);
  }

  /** The LID of a number, for chats that are kept under it. */
  async lidOf(/** @type {string} */ wid) {
    const pairs = await within(
      PATIENCE,
      this.client().getContactLidAndPhone([wid]),
      "looking up the LID",
    ).catch(() => []);
    return toJid(pairs?.[0]?.lid);
  }

  async #ask(/** @type {string} */ lid) {
    const client = this.client();
    if (!client) {
      return "";
    }
    const pairs = await within(PATIENCE, client.getContactLidAndPhone([lid]), "looking up the number").catch(
      () => [],
    );
    return toJid(pairs?.[0]?.pn);
  }
}
