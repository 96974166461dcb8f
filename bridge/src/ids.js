// Addresses: the library writes `…@c.us` and sometimes objects, the gateway's API `…@s.whatsapp.net`.

/** A person's or group's address as the gateway's API writes it; empty if it is none. */
export function toJid(/** @type {unknown} */ id) {
  const raw = serialized(id);
  const [left = "", server = ""] = raw.split("@");
  // `628…:12@c.us` names one of somebody's devices.
  const user = left.replace(/[.:].*$/, "");
  if (!user || !server) {
    return "";
  }
  return `${user}@${server === "c.us" ? "s.whatsapp.net" : server}`;
}

/** The same as the library writes it. */
export function toWid(/** @type {string} */ jid) {
  return jid.replace(/@s\.whatsapp\.net$/, "@c.us");
}

/** The text of an id, which the library gives as text or as an object. */
export function serialized(/** @type {any} */ id) {
  const raw = typeof id === "object" && id !== null ? id._serialized : id;
  return typeof raw === "string" ? raw : "";
}

export function isGroup(/** @type {string} */ jid) {
  return jid.endsWith("@g.us");
}

export function isLid(/** @type {string} */ jid) {
  return jid.endsWith("@lid");
}

/** Whether a conversation can be held there: no broadcasts, channels, bots or WhatsApp itself. */
export function isConversation(/** @type {string} */ jid) {
  return /^[\d-]+@(s\.whatsapp\.net|lid|g\.us)$/.test(jid) && !/^0@/.test(jid);
}

/**
 * The address that a caller means: a full one, or a bare number as the gateway takes it.
 *
 * @param {unknown} phone
 * @returns {string} empty if it is none
 */
export function readPhone(phone) {
  const raw = typeof phone === "number" ? String(phone) : phone;
  if (typeof raw !== "string") {
    return "";
  }
  const text = raw.trim().replace(/^\+/, "");
  if (/^[1-9]\d{4,29}$/.test(text)) {
    return text.length <= 15 ? `${text}@s.whatsapp.net` : `${text}@g.us`;
  }
  const jid = toJid(text);
  return isConversation(jid) && !/^0/.test(jid) && jid.length <= 64 ? jid : "";
}

/**
 * The names under which the library may know a message, most likely first.
 *
 * @param {string} id bare, or already with everything
 * @param {string[]} chats where it stands, under all known names
 * @returns {string[]}
 */
export function messageKeys(id, chats) {
  if (id.includes("@")) {
    return [id];
  }
  return chats.flatMap((chat) => [`false_${toWid(chat)}_${id}`, `true_${toWid(chat)}_${id}`]);
}
