// A number that is connected through the sandbox's gateway, as somebody who manages numbers does it.

import { type Page, expect } from "@playwright/test";

import { GATEWAY } from "./sandbox.js";
import { open } from "./screens.js";
import { type Server } from "./server.js";

/** Connects the number "Gudang" up to its QR code. Returns the slot that waits for its phone; its page is open. */
export async function connectGateway(page: Page, server: Server, phone: string): Promise<string> {
  await open(page, "/accounts/new");
  await page.getByRole("radio", { name: /^Gateway/ }).check();
  const fields = {
    Name: "Gudang",
    "Phone number": phone,
    "Address of the gateway": server.sandbox.gateway("v9"),
    User: GATEWAY.user,
    "Gateway password": GATEWAY.password,
    "Webhook secret": "a-webhook-secret-of-ours",
  };
  for (const [label, value] of Object.entries(fields)) {
    await page.getByRole("textbox", { name: label, exact: true }).fill(value);
  }
  await page.getByRole("button", { name: "Save and connect" }).click();
  await expect(page).toHaveURL(/\/accounts\/[0-9a-f-]{36}$/);
  await expect(page.getByRole("img", { name: "QR code that links Gudang" })).toBeVisible();
  return `v9/balas-${page.url().split("/").pop() ?? ""}`;
}

/** And links its phone. */
export async function linkGateway(page: Page, server: Server, phone: string): Promise<string> {
  const device = await connectGateway(page, server, phone);
  await server.sandbox.scan(device, phone);
  await expect(page.getByText("Connected", { exact: true }).first()).toBeVisible();
  return device;
}
