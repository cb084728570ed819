// Read-only handles for end-to-end tests: `window.__session` is the session of the Stage page, with `getSnapshot()`;
// `window.__player` is the player of the Watch page, with `getSnapshot()` and, where hls.js plays, `.hls`.
import type { LivePlayer } from './hls/live-player';
import type { Session } from './sfu/session';

declare global {
  interface Window {
    __session?: Session;
    __player?: LivePlayer;
  }
}
