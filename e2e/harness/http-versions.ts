// Asks in one version of HTTP and no other. A certificate, where there is one, must be the one that is trusted.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { text } from 'node:stream/consumers';

const ANSWERED_WITHIN_MS = 10_000;

export interface Answered {
  /** What was agreed on: `h2` by ALPN, `h2c` for HTTP/2 in the clear, `1.1`. */
  protocol: string;
  status: number;
  body: string;
}

/** HTTP/2: chosen by ALPN over TLS, known beforehand in the clear. */
export async function getByHttp2(url: string, trusted?: string): Promise<Answered> {
  const { origin, pathname, search } = new URL(url);
  const session = http2.connect(origin, { ca: trusted });
  try {
    await once(session, 'connect');
    const stream = session.request({ ':path': pathname + search });
    stream.setTimeout(ANSWERED_WITHIN_MS, () => stream.destroy(new Error(`no answer from ${url}`)));
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
    return { protocol: session.alpnProtocol ?? '', status: headers[':status'] ?? 0, body: await text(stream) };
  } finally {
    session.destroy();
  }
}

export async function getByHttp1(url: string, trusted?: string): Promise<Answered> {
  const options = { agent: false, ca: trusted, timeout: ANSWERED_WITHIN_MS };
  const request = url.startsWith('https:') ? https.get(url, options) : http.get(url, options);
  request.once('timeout', () => request.destroy(new Error(`no answer from ${url}`)));
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { protocol: response.httpVersion, status: response.statusCode ?? 0, body: await text(response) };
}
