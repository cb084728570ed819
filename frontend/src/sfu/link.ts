// One direction of a call: its WebRTC transport, opened when it is first needed, and mended when the way to the server breaks.
import type { Device, types } from 'mediasoup-client';
import { Backoff } from '../backoff';
import type { Signaling } from '../signaling/contract';
import { isDisconnected } from '../signaling/signaling-error';

/** A browser that misses answers for a moment often finds its way again by itself. */
const PATIENCE_MS = 2000;
const RESTARTS = 3;

const EVENTS = {
  send: { create: 'createProducerTransport', connect: 'connectProducerTransport' },
  receive: { create: 'createConsumerTransport', connect: 'connectConsumerTransport' },
} as const;

/** What browser and server have of a call differs so much that only joining anew helps. */
export class Irreconcilable extends Error {}

export interface LinkOptions {
  signaling: Signaling;
  device: Device;
  /** Relays alone, no direct way. */
  relayOnly: boolean;
  /** Mending did not help a way that held once, or one that was never found. */
  onFailed: (held: boolean) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #direction: keyof typeof EVENTS;
  readonly #backoff = new Backoff(4000, 8000);
  #transport?: types.Transport;
  /** The way broke, or may have, since it was last known to hold. */
  #stale = false;
  /** The server was never told how to secure it, or did not say that it knows. */
  #unconnected = false;
  #restarts = 0;
  #held = false;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(direction: keyof typeof EVENTS, options: LinkOptions) {
    this.#direction = direction;
    this.#options = options;
  }

  /** The transport; `prepare` is called when it is new. */
  async open(prepare: (transport: types.Transport) => void = () => undefined): Promise<types.Transport> {
    if (this.#transport) return this.#transport;
    const { signaling, device, relayOnly } = this.#options;
    const { create, connect } = EVENTS[this.#direction];
    const options: types.TransportOptions = await signaling.request(create);
    if (relayOnly) options.iceTransportPolicy = 'relay';
    const transport = this.#direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
    transport.on('connect', ({ dtlsParameters }, done, fail) => {
      signaling.request(connect, { dtlsParameters }).then(done, (error: unknown) => {
        this.#unconnected = true;
        fail(error as Error);
      });
    });
    transport.on('connectionstatechange', (state) => this.#changed(state));
    prepare(transport);
    this.#transport = transport;
    return transport;
  }

  /** After the connection to the server was lost: goes on with the transport, if the server still has the same. */
  async takeUp(keptId: string | undefined): Promise<void> {
    if (keptId !== this.#transport?.id || this.#unconnected) throw new Irreconcilable();
    const state = this.#transport?.connectionState;
    if (state === undefined || state === 'new' || (state === 'connected' && !this.#stale)) return;
    this.#restarts = 0;
    this.#backoff.reset();
    await this.#restart();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#transport?.close();
  }

  #changed(state: types.ConnectionState): void {
    switch (state) {
      case 'connected':
        clearTimeout(this.#timer);
        this.#held = true;
        this.#restarts = 0;
        this.#backoff.reset();
        // Without the server it is not sure that it knows of the way that was found.
        if (this.#options.signaling.connected) this.#stale = false;
        return;
      case 'disconnected':
        this.#stale = true;
        return this.#mendIn(PATIENCE_MS);
      case 'failed':
        this.#stale = true;
        return this.#mendIn(0);
    }
  }

  #mendIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#mend(), ms);
  }

  /** Without the server nothing can be mended; `takeUp` does it when it is back. */
  async #mend(): Promise<void> {
    if (this.#transport?.connectionState === 'connected' || !this.#options.signaling.connected) return;
    if (this.#restarts >= RESTARTS) {
      this.#options.onFailed(this.#held);
      return;
    }
    try {
      await this.#restart();
    } catch (error) {
      if (!isDisconnected(error)) this.#options.onFailed(this.#held);
    }
  }

  /** Finds a new way for the same transport; whoever listens to its tracks notices nothing. */
  async #restart(): Promise<void> {
    const transport = this.#transport;
    if (!transport || transport.closed) return;
    this.#stale = true;
    this.#restarts += 1;
    const { iceParameters, iceServers } = await this.#options.signaling.request('restartIce', { transportId: transport.id });
    if (iceServers) await transport.updateIceServers({ iceServers });
    await transport.restartIce({ iceParameters });
    if (transport.connectionState === 'connected') this.#stale = false;
    else this.#mendIn(this.#backoff.next());
  }
}
