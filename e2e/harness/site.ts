// Another site: an origin of its own on this machine, whose pages are what a test wants. (A browser keeps sites of the open
// network from loopback addresses, so it cannot be a made-up name.)
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Site {
  origin: string;
  /** The content of all its pages from now on. */
  show: (html: string) => void;
  close: () => Promise<void>;
}

export async function openSite(): Promise<Site> {
  let page = '';
  const server = http.createServer((_, answer) => void answer.setHeader('content-type', 'text/html').end(page));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    show: (html) => (page = html),
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
