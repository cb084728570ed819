// Where the programs under test are. Both can be elsewhere, for example in a container's image.
import path from 'node:path';

const repository = path.resolve(import.meta.dirname, '../..');

export const programDir = path.resolve(process.env['E2E_BIN_DIR'] ?? path.join(repository, 'target/release'));
export const frontendDir = path.resolve(process.env['E2E_FRONTEND_DIR'] ?? path.join(repository, 'frontend/dist'));
export const protoDir = path.join(repository, 'proto');
export const chromiumPath = process.env['E2E_CHROMIUM'] ?? '/usr/bin/chromium';
