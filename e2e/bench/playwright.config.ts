// How benchmarks run: like tests, but they print and judge nothing.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: '*.ts',
  testIgnore: 'playwright.config.ts',
  outputDir: '../test-results/bench',
  workers: 1,
  timeout: 300_000,
  // Nothing is judged here, so a busy machine may take its time.
  expect: { timeout: 60_000 },
  reporter: 'list',
});
