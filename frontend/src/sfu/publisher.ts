// The sending half of a call: one transport, and at most one producer per source.
import type { Device, types } from 'mediasoup-client';
import type { Signaling } from '../signaling/contract';
import type { TrackSource } from '../signaling/generated';
import { MICROPHONE_OPTIONS, SCREEN_AUDIO_OPTIONS, cameraOptions, screenOptions, type VideoCodec } from './encodings';
import type { TrackRole } from './producers-diff';

export class Publisher {
  readonly #signaling: Signaling;
  readonly #device: Device;
  readonly #codec: VideoCodec;
  readonly #onFailed: () => void;
  readonly #producers = new Map<TrackRole, types.Producer>();
  #transport?: types.Transport;

  constructor(signaling: Signaling, device: Device, codec: VideoCodec, onFailed: () => void) {
    this.#signaling = signaling;
    this.#device = device;
    this.#codec = codec;
    this.#onFailed = onFailed;
  }

  async publish(role: TrackRole, track: MediaStreamTrack, paused = false): Promise<void> {
    const transport = await this.#openTransport();
    const source: TrackSource = role === 'screen' || role === 'screenAudio' ? 'screen' : 'camera';
    const producer = await transport.produce({
      track,
      // The session owns its tracks: it stops them itself, and reuses them after a reconnect.
      stopTracks: false,
      appData: { source, paused },
      ...this.#options(role),
    });
    if (paused) producer.pause();
    this.#producers.set(role, producer);
  }

  publishes(role: TrackRole): boolean {
    return this.#producers.has(role);
  }

  async pause(role: TrackRole): Promise<void> {
    const producer = this.#producers.get(role);
    // Locally first: whatever the server answers, nothing is heard from now on.
    producer?.pause();
    if (producer) await this.#signaling.request('pauseProducer', { producerId: producer.id });
  }

  async resume(role: TrackRole): Promise<void> {
    const producer = this.#producers.get(role);
    if (!producer) return;
    await this.#signaling.request('resumeProducer', { producerId: producer.id });
    producer.resume();
  }

  async stop(role: TrackRole): Promise<void> {
    const producer = this.#producers.get(role);
    if (!producer) return;
    this.#producers.delete(role);
    producer.close();
    await this.#signaling.request('closeProducer', { producerId: producer.id });
  }

  close(): void {
    this.#producers.clear();
    this.#transport?.close();
  }

  #options(role: TrackRole): Partial<types.ProducerOptions> {
    switch (role) {
      case 'camera':
        return cameraOptions(this.#codec, this.#device.sendRtpCapabilities);
      case 'screen':
        return screenOptions(this.#codec, this.#device.sendRtpCapabilities);
      case 'microphone':
        return MICROPHONE_OPTIONS;
      case 'screenAudio':
        return SCREEN_AUDIO_OPTIONS;
    }
  }

  async #openTransport(): Promise<types.Transport> {
    if (this.#transport) return this.#transport;
    const options = await this.#signaling.request('createProducerTransport');
    const transport = this.#device.createSendTransport(options);
    transport.on('connect', ({ dtlsParameters }, done, fail) => {
      this.#signaling.request('connectProducerTransport', { dtlsParameters }).then(done, fail);
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
      this.#signaling.request('produce', { kind, rtpParameters, appData }).then(done, fail);
    });
    transport.on('connectionstatechange', (state) => {
      if (state === 'failed') this.#onFailed();
    });
    this.#transport = transport;
    return transport;
  }
}
