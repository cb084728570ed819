// How benchmarks run: like tests, but they print and judge nothing.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: '*.ts',
  testIgnore: 'playwright.config.ts',
  outputDir: '../test-results/bench',
  workers: 1,
  timeout: 150_000,
  reporter: 'list',
});
