// WhatsApp, played by the sandbox: what customers do, and what goes wrong.

/** The demo shop's phone number id. */
export const DEMO_NUMBER = "100200300400500";

/** A message that the shop sent. */
export type Sent = {
  id: string;
  account: string;
  to: string;
  text: string | null;
  type: string;
  media: { voice: boolean; mime: string; size: number } | null;
  reply_to: string | null;
  status: string;
  biz_opaque_callback_data: string | null;
};

/** What the sandbox does wrong, see `crates/sandbox/src/faults.rs`. */
export type Faults = {
  account?: string;
  times?: number;
  calls?: "sends" | "chats" | "all";
  delay_ms?: number;
  status?: number;
  code?: number;
  timeout_after_accept?: boolean;
  lost_answer?: boolean;
  fail_status?: number;
  duplicate?: number;
  shuffle?: number;
  mute?: boolean;
  lose?: boolean;
};

/** A business number that lives in the sandbox. */
export type BusinessNumber = {
  phone_number_id: string;
  waba_id: string;
  display_phone_number: string;
  verified_name: string;
  token: string;
  app_secret: string;
  verify_token: string;
};

/** A place for one linked phone at a gateway. */
export type Slot = { device: string; state: string };

/** What the sandbox's gateways ask for. */
export const GATEWAY = { user: "balas", password: "sandbox-gateway" };

export class Sandbox {
  constructor(readonly url: string) {}

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}/control/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`the sandbox refused ${method} ${path}: ${answer.status} ${text}`);
    }
    return JSON.parse(text) as T;
  }

  async receive(message: Record<string, unknown>): Promise<string> {
    const { id } = await this.call<{ id: string }>("POST", "messages", { account: DEMO_NUMBER, ...message });
    return id;
  }

  sent(to: string): Promise<Sent[]> {
    return this.call("GET", `messages?to=${to}`);
  }

  /** The customer opens the chat and reads everything. */
  read(to: string): Promise<unknown> {
    return this.call("POST", "read", { to });
  }

  /** How many of the customer's messages show no read mark of a business. */
  async unread(to: string): Promise<number> {
    return (await this.call<{ unread: number }>("GET", `read?to=${to}`)).unread;
  }

  async typing(to: string): Promise<boolean> {
    return (await this.call<{ typing: boolean }>("GET", `typing?to=${to}`)).typing;
  }

  faults(faults: Faults): Promise<unknown> {
    return this.call("POST", "faults", faults);
  }

  clearFaults(): Promise<unknown> {
    return this.call("DELETE", "faults");
  }

  addNumber(number: BusinessNumber): Promise<unknown> {
    return this.call("POST", "numbers", number);
  }

  /** Tells where a number's deliveries go; with `probe`, asks the address for the verify token first. */
  webhook(account: string, url: string | null, probe = false): Promise<unknown> {
    return this.call("POST", "webhook", { account, url, probe });
  }

  /** Where the sandbox's gateway of a version answers; what it asks for is in `GATEWAY`. */
  gateway(version: "v7" | "v9"): string {
    return `${this.url}/gowa/${version}`;
  }

  /** Adds a gateway of version 9 whose QR codes can be scanned for so long, or changes that. Returns its address. */
  async addGateway(name: string, qrSeconds: number): Promise<string> {
    await this.call("POST", "gateways", { name, version: "v9", ...GATEWAY, qr_seconds: qrSeconds });
    return `${this.url}/gowa/${name}`;
  }

  /** Fills a business's phone, which need not be linked yet, with a past. */
  async past(past: { phone: string; chats: number; groups: number; messages: number }): Promise<void> {
    const { phone, ...much } = past;
    await this.call("POST", "handsets", { phone });
    await this.call("POST", "past", { account: phone, members: 8, ...much });
  }

  /** The slots of a gateway. */
  async devices(version: "v7" | "v9"): Promise<Slot[]> {
    const gateways = await this.call<{ name: string; devices: Slot[] }[]>("GET", "gateways");
    return gateways.find((gateway) => gateway.name === version)?.devices ?? [];
  }

  /** A phone scans the QR code that a slot shows. */
  scan(device: string, phone: string): Promise<unknown> {
    return this.call("POST", "scan", { device, phone });
  }

  /** A pairing code is typed into a phone. */
  pair(code: string, phone: string): Promise<unknown> {
    return this.call("POST", "pair", { code, phone });
  }

  /** A slot's code runs out. */
  expire(device: string): Promise<unknown> {
    return this.call("POST", "expire", { device });
  }

  /** A slot loses its connection to WhatsApp; with `stay` for good. */
  disconnect(device: string, stay = false): Promise<unknown> {
    return this.call("POST", "disconnect", { device, stay });
  }

  /** Makes a group that a linked number is in, see `crates/sandbox/src/world/group.rs`. */
  addGroup(group: Record<string, unknown>): Promise<unknown> {
    return this.call("POST", "groups", group);
  }

  /** Members of a group join, leave, are promoted or demoted. */
  groupStep(step: Record<string, unknown>): Promise<unknown> {
    return this.call("POST", "group-members", step);
  }

  /** A phone or group shows this one of its pictures (1, 2, …; the first one if nothing is said), or none. */
  picture(phone: string, picture: number | null): Promise<unknown> {
    return this.call("POST", "picture", { phone, picture });
  }

  async pending(): Promise<number> {
    return (await this.call<{ pending: number }>("GET", "pending")).pending;
  }
}
