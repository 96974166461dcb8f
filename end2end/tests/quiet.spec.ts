// Every test watches that pages stay quiet (see support/test.ts); here it is shown that the watch hears something, and
// that what it watches over is really switched on.

import { open, ready, rows } from "./support/screens.js";
import { Quiet, expect, test } from "./support/test.js";

test("the watch hears errors, violations, dialogs and requests that leave", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url });
  const quiet = new Quiet();
  quiet.listen(context);
  const page = await context.newPage();
  await page.goto("/sign-in");
  await ready(page);
  expect(quiet.noise()).toEqual([]);
  await page.evaluate(() => {
    console.warn("a warning");
    setTimeout(() => alert("a dialog"));
    setTimeout(() => {
      throw new Error("an exception");
    });
    const script = document.createElement("script");
    script.textContent = "window.inline = true";
    document.head.append(script);
  });
  const heard = (): string => quiet.noise().join("\n");
  await expect.poll(heard).toContain("a warning");
  await expect.poll(heard).toContain("a dialog");
  await expect.poll(heard).toContain("an exception");
  await expect.poll(heard).toMatch(/inline script/);
  expect(await page.evaluate(() => "inline" in window)).toBe(false);
  // Answered here and now; nothing really leaves.
  await page.route("http://elsewhere.test/**", (route) => route.fulfill({ body: "" }));
  await page.goto("http://elsewhere.test/");
  expect(heard()).toContain("request to http://elsewhere.test");
  await context.close();
});

for (const path of ["/inbox", "/contacts", "/accounts", "/accounts/new", "/members", "/labels", "/kit"]) {
  test(`${path} is quiet, from the first byte to the last idle moment`, async ({ page, signIn, quiet }) => {
    await signIn(page, "owner");
    const answer = await page.goto(path);
    const policy = answer?.headers()["content-security-policy"] ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/script-src[^;]*('unsafe-inline'|'unsafe-eval'|https?:|\*)/);
    await ready(page);
    await page.waitForLoadState("networkidle");
    expect(quiet.noise()).toEqual([]);
  });
}

test("pages open without a load", async ({ page, signIn }) => {
  const loads: string[] = [];
  page.on("request", (request) => {
    if (request.isNavigationRequest()) {
      loads.push(new URL(request.url()).pathname);
    }
  });
  await signIn(page, "owner");
  await open(page, "/inbox");
  await rows(page).first().click();
  await page.getByRole("link", { name: "Contacts" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Contacts" })).toBeVisible();
  await page.getByRole("link", { name: "Members" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Members" })).toBeVisible();
  expect(loads).toEqual(["/inbox"]);
});
