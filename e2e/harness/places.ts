// Where things are. The programs under test can be elsewhere, for example in a container's image.
import path from 'node:path';

export const repository = path.resolve(import.meta.dirname, '../..');

export const programDir = path.resolve(process.env['E2E_BIN_DIR'] ?? path.join(repository, 'target/release'));
export const frontendDir = path.resolve(process.env['E2E_FRONTEND_DIR'] ?? path.join(repository, 'frontend/dist'));
/** Where scripts/install-deps puts what Debian does not have. */
export const toolsDir = path.join(repository, 'target/tools');
export const protoDir = path.join(repository, 'proto');
export const chromiumPath = process.env['E2E_CHROMIUM'] ?? '/usr/bin/chromium';
