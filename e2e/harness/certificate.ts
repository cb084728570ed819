// A certificate for this machine that nobody else has signed: whoever is to trust it is given it.
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  /** PEM files, as --tls-cert and --tls-key take them. */
  certFile: string;
  keyFile: string;
  /** What a client trusts. */
  pem: string;
  remove: () => Promise<void>;
}

export async function makeCertificate(): Promise<Certificate> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'e2e-certificate-'));
  const certFile = path.join(dir, 'cert.pem');
  const keyFile = path.join(dir, 'key.pem');
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    // A server's certificate must not be an authority's as well; rustls holds to that.
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-out', certFile, '-keyout', keyFile],
  ]);
  return { certFile, keyFile, pem: await fs.readFile(certFile, 'utf8'), remove: () => fs.rm(dir, { recursive: true }) };
}
