// WhatsApp, played by the sandbox: what customers do, and what goes wrong.

/** The demo shop's phone number id. */
export const DEMO_NUMBER = "100200300400500";

/** A message that the shop sent. */
export type Sent = {
  id: string;
  account: string;
  to: string;
  text: string | null;
  kind: string;
  reply_to: string | null;
  status: string;
  biz_opaque_callback_data: string | null;
};

/** What the sandbox does wrong, see `crates/sandbox/src/faults.rs`. */
export type Faults = {
  account?: string;
  times?: number;
  calls?: "sends" | "all";
  delay_ms?: number;
  status?: number;
  code?: number;
  timeout_after_accept?: boolean;
  lost_answer?: boolean;
  fail_status?: number;
  duplicate?: number;
  shuffle?: number;
  mute?: boolean;
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

  async pending(): Promise<number> {
    return (await this.call<{ pending: number }>("GET", "pending")).pending;
  }
}
