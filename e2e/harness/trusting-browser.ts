// A browser whose pages take a certificate that nobody has signed.
import type { Browser, BrowserContextOptions } from '@playwright/test';

export function trusting(browser: Browser): Browser {
  const newContext = (options: BrowserContextOptions = {}) => browser.newContext({ ...options, ignoreHTTPSErrors: true });
  return Object.create(browser, { newContext: { value: newContext } }) as Browser;
}
