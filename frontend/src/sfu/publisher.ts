// The sending half of a call: one transport, and at most one producer per source.
import type { Device, types } from 'mediasoup-client';
import type { Signaling } from '../signaling/contract';
import type { KeptMedia, PeerProducers, TrackSource } from '../signaling/generated';
import { isGone } from '../signaling/signaling-error';
import { MICROPHONE_OPTIONS, SCREEN_AUDIO_OPTIONS, cameraOptions, screenOptions, type VideoCodec } from './encodings';
import { differences } from './kept';
import { Link, type LinkOptions } from './link';
import type { TrackRole } from './producers-diff';

/** What shall be sent of one source. */
export interface Sending {
  track: MediaStreamTrack;
  paused: boolean;
}

interface Sent {
  producer: types.Producer;
  /** As the server has it; unknown when a request about it failed. */
  paused: boolean | undefined;
}

export class Publisher {
  readonly #signaling: Signaling;
  readonly #device: Device;
  readonly #codec: VideoCodec;
  readonly #link: Link;
  readonly #sent = new Map<TrackRole, Sent>();

  constructor(options: LinkOptions, codec: VideoCodec) {
    this.#signaling = options.signaling;
    this.#device = options.device;
    this.#codec = codec;
    this.#link = new Link('send', options);
  }

  /** Makes so that exactly this is sent of a source, whatever was before; nothing when `wanted` is missing. */
  async set(role: TrackRole, wanted: Sending | undefined): Promise<void> {
    const sent = this.#sent.get(role);
    if (sent && sent.producer.track !== wanted?.track) await this.#stop(role, sent);
    if (!wanted) return;
    const same = this.#sent.get(role);
    if (same) await this.#setPaused(same, wanted.paused);
    else await this.#start(role, wanted);
  }

  /** What a producer sends, if it is one of these. */
  roleOf(producerId: string): TrackRole | undefined {
    return [...this.#sent].find(([, { producer }]) => producer.id === producerId)?.[0];
  }

  /** A host has paused it: true unless it is paused here too. */
  pausedByHost(role: TrackRole): boolean {
    const sent = this.#sent.get(role);
    if (!sent) return false;
    sent.paused = true;
    return !sent.producer.paused;
  }

  /** After the connection was lost: goes on with what the server kept. `set` sends again what it did not. */
  async takeUp(kept: KeptMedia, own: PeerProducers | undefined): Promise<void> {
    await this.#link.takeUp(kept.producerTransportId);
    const ids = [...this.#sent.values()].map(({ producer }) => producer.id);
    const { lost, unknown } = differences(ids, kept.producerIds);
    for (const [role, sent] of [...this.#sent]) {
      if (role === 'microphone') sent.paused = own?.audioPaused;
      if (role === 'camera') sent.paused = own?.videoPaused;
      if (!lost.includes(sent.producer.id)) continue;
      sent.producer.close();
      this.#sent.delete(role);
    }
    for (const producerId of unknown) await this.#close(producerId);
  }

  close(): void {
    this.#sent.clear();
    this.#link.close();
  }

  async #start(role: TrackRole, { track, paused }: Sending): Promise<void> {
    const transport = await this.#link.open((opened) => {
      opened.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
        this.#signaling.request('produce', { kind, rtpParameters, appData }).then(done, fail);
      });
    });
    const source: TrackSource = role === 'screen' || role === 'screenAudio' ? 'screen' : 'camera';
    const producer = await transport.produce({
      track,
      // The session owns its tracks: it stops them itself, and reuses them after a reconnect.
      stopTracks: false,
      appData: { source, paused },
      ...this.#options(role, track),
    });
    if (paused) producer.pause();
    this.#sent.set(role, { producer, paused });
  }

  async #setPaused(sent: Sent, paused: boolean): Promise<void> {
    const { producer } = sent;
    // Locally first: whatever the server answers, nothing is heard from now on.
    if (paused) producer.pause();
    if (sent.paused !== paused) {
      sent.paused = undefined;
      await this.#signaling.request(paused ? 'pauseProducer' : 'resumeProducer', { producerId: producer.id });
      sent.paused = paused;
    }
    if (!paused) producer.resume();
  }

  async #stop(role: TrackRole, { producer }: Sent): Promise<void> {
    this.#sent.delete(role);
    producer.close();
    await this.#close(producer.id);
  }

  async #close(producerId: string): Promise<void> {
    await this.#signaling.request('closeProducer', { producerId }).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }

  #options(role: TrackRole, track: MediaStreamTrack): Partial<types.ProducerOptions> {
    switch (role) {
      case 'camera':
        return cameraOptions(this.#codec, this.#device.sendRtpCapabilities, track.getSettings());
      case 'screen':
        return screenOptions(this.#codec, this.#device.sendRtpCapabilities);
      case 'microphone':
        return MICROPHONE_OPTIONS;
      case 'screenAudio':
        return SCREEN_AUDIO_OPTIONS;
    }
  }
}
