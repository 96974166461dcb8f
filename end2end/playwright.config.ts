import { defineConfig } from "@playwright/test";

// Started by `cargo xtask test`, which says where the binary (BALAS_BIN) and the browser (CHROMIUM) are. Each
// test file starts a server of its own through a fixture, so nothing is started here.
export default defineConfig({
  testDir: "./tests",
  outputDir: "./test-results",
  // Two cores are what CI has, and each worker brings a server and a browser.
  workers: 2,
  // Tests are independent of each other, also within a file: so both workers end together.
  fullyParallel: true,
  // A test that passes only the second time is broken, and named as flaky at the end: to be mended, but one hiccup
  // of a busy machine does not throw away an hour of checks.
  retries: 1,
  forbidOnly: !!process.env.CI,
  // Never waited for by what works; two cores run browsers, servers and a database.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        // In containers there is often only root, for whom Chromium's sandbox does not start.
        "--no-sandbox",
        // Nothing on the network but the server under test.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--no-first-run",
        // A microphone that beeps.
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
      ],
    },
  },
});
