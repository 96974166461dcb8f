// Pages that are not there, and pages that cannot be shown.

import { open, ready, rows } from "./support/screens.js";
import { expect, test } from "./support/test.js";

test.beforeEach(async ({ page, signIn, quiet }) => {
  quiet.allow(/Failed to load resource: the server responded with a status of 404|net::ERR_FAILED/);
  await signIn(page);
});

for (const path of ["/nope", "/inbox/not-an-id", "/accounts/123", "/%F0%9F%98%80", "/members/x"]) {
  test(`${path} is no page, says so and leads back`, async ({ page }) => {
    const answer = await page.goto(path);
    expect(answer?.status()).toBe(404);
    await ready(page);
    await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
    await page.getByRole("link", { name: "Go to the inbox" }).click();
    await expect(page).toHaveURL("/inbox");
    await expect(rows(page).first()).toBeVisible();
  });
}

test("a conversation that does not exist says so, and the list stays usable", async ({ page }) => {
  const answer = await page.goto("/inbox/0198c0de-0000-7000-8000-00000000dead");
  expect(answer?.status()).toBe(404);
  await ready(page);
  await expect(page.getByText("This conversation is not here")).toBeVisible();
  await rows(page).first().click();
  await expect(page.getByRole("textbox", { name: "Answer" })).toBeVisible();
});

test("a number that does not exist says so", async ({ page }) => {
  const answer = await page.goto("/accounts/0198c0de-0000-7000-8000-00000000dead");
  expect(answer?.status()).toBe(404);
  await expect(page.getByText("There is no such page")).toBeVisible();
});

test("without a sign-in an unknown address asks for one and betrays nothing", async ({ page, context }) => {
  await context.clearCookies();
  await page.goto("/nope");
  await expect(page).toHaveURL(/\/sign-in\?next=/);
});

test("a list that cannot be loaded says so and can be tried again", async ({ page }) => {
  await open(page, "/inbox");
  await page.route("**/api/ui/snapshot", (route) => route.abort());
  await page.getByRole("button", { name: /^Unread/ }).click();
  await expect(page.getByText("The conversations could not be loaded.")).toBeVisible();
  await page.unroute("**/api/ui/snapshot");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(rows(page).first()).toBeVisible();
});

test("a conversation that cannot be loaded says so and can be tried again", async ({ page }) => {
  await open(page, "/inbox");
  await page.route("**/api/ui/thread", (route) => route.abort());
  await rows(page).nth(5).click();
  await expect(page.getByText("The messages could not be loaded.")).toBeVisible();
  await page.unroute("**/api/ui/thread");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("article").first()).toBeVisible();
});
