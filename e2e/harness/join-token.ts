// Join tokens, as a product's own server makes them.
import { createHmac } from 'node:crypto';

export const SECRET = 'what the embedder and this server share';

/** Holds for ten minutes unless the claims say otherwise. */
export function joinToken(claims: object, secret = SECRET): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
