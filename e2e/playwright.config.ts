// How the suite runs: one test at a time, because every test brings its own daemons and up to four browsers.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'tests',
  // A run empties this directory first, so a second run at the same time needs one of its own.
  outputDir: process.env['E2E_RESULTS'] ?? 'test-results',
  workers: 1,
  // Whether something comes at all is judged, on a machine that may be busy or slow; how soon, each test says itself.
  timeout: 240_000,
  expect: { timeout: 60_000 },
  preserveOutput: 'failures-only',
  reporter: [['list'], ['./harness/count-reporter.ts']],
});
