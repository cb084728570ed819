// What the tests read of the pages: the frontend's own handles (frontend/src/test-handles.d.ts), and what `observe-calls` adds.

interface RemoteTrackHandle {
  producerId: string;
  track: MediaStreamTrack;
}

interface SessionSnapshot {
  phase: 'new' | 'joining' | 'joined' | 'reconnecting' | 'closed';
  roomId?: string;
  watchId?: string;
  peerId?: string;
  host?: boolean;
  settings?: { locked: boolean; hasPassword: boolean; layout: string; pinned?: { peerId: string } };
  people: readonly { peerId: string; displayName?: string; camera?: RemoteTrackHandle; microphone?: RemoteTrackHandle }[];
  broadcast: { phase: string; playlistUrl?: string; reason?: string };
  camera: { state: string };
  microphone: { state: string };
  notices: readonly { text: string }[];
}

interface PlayerSnapshot {
  phase: 'waiting' | 'playing' | 'reconnecting' | 'ended';
  latency?: number;
}

interface HlsErrorHandle {
  details: string;
  response?: { code: number };
  frag?: { relurl?: string };
}

interface HlsHandle {
  on: (event: 'hlsError', listener: (event: string, error: HlsErrorHandle) => void) => void;
  off: (event: 'hlsError', listener: (event: string, error: HlsErrorHandle) => void) => void;
}

interface ObservedCalls {
  connections: RTCPeerConnection[];
  /** How often any connection was given a new description of the other side. */
  negotiations: number;
  /** When the server acknowledged each `produce`, in milliseconds since the Unix epoch. */
  produced: number[];
  /** Sends an event on the page's own connection to the server, as any other client may; answers what is acknowledged. */
  ask: (event: string, payload: object) => Promise<unknown>;
  /** Breaks that connection off. */
  hangUp: () => void;
}

interface ObservedPlayback {
  frames: number;
  waits: number;
  waited: string[];
  errors: string[];
  /** Longest time between two pictures, in milliseconds. */
  longestGap: number;
  startedAt: number;
  stop: () => void;
}

interface FlashOfPage {
  /** How much later than its beep, in milliseconds. */
  late: number;
  /** In milliseconds since the Unix epoch. */
  paintedAt: number;
}

interface Window {
  __session?: { getSnapshot(): SessionSnapshot };
  __player?: { getSnapshot(): PlayerSnapshot; hls?: HlsHandle };
  __calls: ObservedCalls;
  __playback?: ObservedPlayback;
  /** What `readsTheTime` has read. */
  __shown?: { at: number; age: number }[];
  /** What `flashesAndBeeps` has painted. */
  __flashes?: FlashOfPage[];
}
