// The program's parts: the inbox loads only its own; the office's comes when one goes there.

import { open, rows } from "./support/screens.js";
import { expect, test } from "./support/test.js";

const OFFICE = /split_office\.wasm$/;

test("the office's code comes when one goes there, and once", async ({ page, signIn }) => {
  const loaded: string[] = [];
  page.on("request", (request) => {
    if (OFFICE.test(request.url())) {
      loaded.push(request.url());
    }
  });
  await signIn(page, "owner");
  await open(page, "/inbox");
  await expect(rows(page).first()).toBeVisible();
  expect(loaded).toHaveLength(0);
  const rail = page.getByRole("navigation", { name: "Main" });
  await rail.getByRole("link", { name: "Numbers" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Numbers" })).toBeVisible();
  await rail.getByRole("link", { name: "Members" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Members" })).toBeVisible();
  await rail.getByRole("link", { name: "Inbox" }).click();
  await expect(rows(page).first()).toBeVisible();
  expect(loaded).toHaveLength(1);
});

test("where it does not come, the page says so and tries again", async ({ page, signIn, quiet }) => {
  quiet.allow(/ERR_FAILED|Failed to fetch/);
  await signIn(page, "owner");
  await open(page, "/inbox");
  await page.route(OFFICE, (route) => route.abort());
  const rail = page.getByRole("navigation", { name: "Main" });
  await rail.getByRole("link", { name: "Members" }).click();
  const again = page.getByRole("main").getByRole("button", { name: "Try again" });
  await expect(again).toBeVisible();
  await page.unroute(OFFICE);
  await again.click();
  await expect(page.getByRole("heading", { level: 1, name: "Members" })).toBeVisible();
});
