// The example client of the documentation, built as its reader would build it.
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { repository } from './places';

/** Builds docs/example into `outDir`, with the libraries the frontend has installed. */
export async function buildExample(outDir: string): Promise<void> {
  const frontend = path.join(repository, 'frontend');
  // Imports are looked for in the directories above a file, so the copy lies where the libraries are.
  const copy = await fs.mkdtemp(path.join(frontend, 'node_modules', '.example-'));
  try {
    await fs.cp(path.join(repository, 'docs/example'), copy, { recursive: true });
    await promisify(execFile)('npx', ['vite', 'build', copy, '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn'], { cwd: frontend });
  } finally {
    await fs.rm(copy, { recursive: true, force: true });
  }
}
