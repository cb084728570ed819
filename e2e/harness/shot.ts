// Pictures of pages for a person to look at, where E2E_SHOTS says; no test judges them.
import type { Page } from '@playwright/test';
import path from 'node:path';

const dir = process.env['E2E_SHOTS'];

export async function shot(page: Page, name: string): Promise<void> {
  if (dir) await page.screenshot({ path: path.join(dir, `${name}.png`), animations: 'disabled' });
}
