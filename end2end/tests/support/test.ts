// The fixtures of all tests. Each worker shares one server among its tests; a test that stops it, or changes what
// others see, asks for one of its own with `test.use({ isolated: true })`.
//
// Whatever a test does, its pages must stay quiet: no error or warning in the console, no violation of the content
// security policy, no dialog of the browser, and not a single request that leaves this machine.

import { type BrowserContext, type BrowserContextOptions, type Page, test as base } from "@playwright/test";

import { type Customer, type Role, Server, emailOf } from "./server.js";

export { expect } from "@playwright/test";

/** What a page may say after all, when a test provokes it. */
export class Quiet {
  readonly heard: string[] = [];
  // A QR code may be scanned between being announced and being fetched; then there is none any more.
  private readonly allowed: RegExp[] = [/status of 404 .*\/sessions\/[^/]+\/qr\?until=\d+/];

  /** The test provokes messages like this one. */
  allow(what: RegExp): void {
    this.allowed.push(what);
  }

  /** What was said and not allowed. */
  noise(): string[] {
    return this.heard.filter((line) => !this.allowed.some((what) => what.test(line)));
  }

  listen(context: BrowserContext): void {
    context.on("console", (message) => {
      if (["error", "warning", "assert"].includes(message.type())) {
        this.heard.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on("weberror", (error) => this.heard.push(`exception: ${error.error().message}`));
    context.on("dialog", (dialog) => {
      this.heard.push(`dialog ${dialog.type()}: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on("request", (request) => {
      const url = new URL(request.url());
      const inside = ["data:", "blob:", "about:"].includes(url.protocol) || url.hostname === "127.0.0.1";
      if (!inside) {
        this.heard.push(`request to ${url.origin}`);
      }
    });
  }
}

type Fixtures = {
  /** Whether the test has a server of its own. */
  isolated: boolean;
  server: Server;
  quiet: Quiet;
  /** A customer who has never written before. */
  customer: Customer;
  /** Signs a member in, in the browser of a page. */
  signIn: (page: Page, who?: Role | string) => Promise<void>;
  /** A page in another browser, signed in. */
  other: (who: Role | string, options?: BrowserContextOptions) => Promise<Page>;
};

export const test = base.extend<Fixtures, { shared: Server }>({
  shared: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  isolated: [false, { option: true }],

  server: async ({ isolated, shared }, use, testInfo) => {
    const server = isolated ? await Server.start() : shared;
    const before = server.logged.length;
    await use(server);
    if (isolated) {
      await server.remove();
    } else {
      await server.sandbox.clearFaults();
    }
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach("server.log", { body: server.logged.slice(before) });
    }
  },

  baseURL: async ({ server }, use) => {
    await use(server.url);
  },

  quiet: async ({}, use) => {
    const quiet = new Quiet();
    await use(quiet);
    const noise = quiet.noise();
    if (noise.length > 0) {
      throw new Error(`the page was not quiet:\n${noise.join("\n")}`);
    }
  },

  context: async ({ context, quiet }, use) => {
    quiet.listen(context);
    await use(context);
  },

  customer: async ({ server }, use) => {
    await use(server.customer());
  },

  signIn: async ({ server }, use) => {
    await use(async (page, who = "agent") => {
      const email = who.includes("@") ? who : emailOf(who as Role);
      await page.context().addCookies([await server.session(email)]);
    });
  },

  other: async ({ browser, server, quiet }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (who, options = {}) => {
      const context = await browser.newContext({ baseURL: server.url, ...options });
      contexts.push(context);
      quiet.listen(context);
      const email = who.includes("@") ? who : emailOf(who as Role);
      await context.addCookies([await server.session(email)]);
      return context.newPage();
    });
    for (const context of contexts) {
      await context.close();
    }
  },
});
