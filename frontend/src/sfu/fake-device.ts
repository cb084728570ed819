// For tests: mediasoup-client's device with transports that do what they are told and nothing else.
import type { Device, types } from 'mediasoup-client';
import { vi } from 'vitest';

export class FakeTransport {
  closed = false;
  connectionState: types.ConnectionState = 'new';
  readonly id: string;
  readonly options: types.TransportOptions;
  readonly #listeners = new Map<string, (...data: never[]) => void>();
  #made = 0;

  constructor(options: types.TransportOptions) {
    this.id = options.id;
    this.options = options;
  }

  updateIceServers = vi.fn<(servers: { iceServers?: RTCIceServer[] }) => Promise<void>>(() => Promise.resolve());
  restartIce = vi.fn(() => Promise.resolve());
  close = vi.fn(() => (this.closed = true));
  on = (event: string, listener: (...data: never[]) => void) => this.#listeners.set(event, listener);

  become(state: types.ConnectionState) {
    this.connectionState = state;
    this.#tell('connectionstatechange', state);
  }

  /** As a browser does it before the first track: hands its fingerprints to the server. */
  connect(): Promise<void> {
    return new Promise((done, fail) => this.#tell('connect', { dtlsParameters: {} }, done, fail));
  }

  async produce({ track, appData }: types.ProducerOptions) {
    const { id } = await new Promise<{ id: string }>((done, fail) =>
      this.#tell('produce', { kind: track?.kind, rtpParameters: {}, appData }, done, fail),
    );
    return fakeMedia({ id, track });
  }

  consume = ({ id, producerId, kind }: types.ConsumerOptions) => {
    this.#made += 1;
    return Promise.resolve(fakeMedia({ id, producerId, kind, track: { id: `track-${this.#made}` } }));
  };

  #tell(event: string, ...data: unknown[]) {
    this.#listeners.get(event)?.(...(data as never[]));
  }
}

function fakeMedia<T extends object>(parts: T) {
  const media = {
    ...parts,
    paused: false,
    closed: false,
    pause: () => (media.paused = true),
    resume: () => (media.paused = false),
    close: () => (media.closed = true),
  };
  return media;
}

export class FakeDevice {
  transports: FakeTransport[] = [];
  readonly recvRtpCapabilities = {};
  readonly sendRtpCapabilities = {};

  createSendTransport = (options: types.TransportOptions) => this.#create(options);
  createRecvTransport = (options: types.TransportOptions) => this.#create(options);

  get device() {
    return this as unknown as Device;
  }

  get transport(): FakeTransport {
    const [transport] = this.transports;
    if (!transport) throw new Error('no transport was created');
    return transport;
  }

  #create(options: types.TransportOptions) {
    const transport = new FakeTransport(options);
    this.transports.push(transport);
    return transport;
  }
}
