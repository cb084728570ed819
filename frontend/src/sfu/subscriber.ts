// The receiving half of a call: one transport, and one consumer per remote producer.
import type { Device, types } from 'mediasoup-client';
import type { Signaling } from '../signaling/contract';
import { SignalingError } from '../signaling/signaling-error';
import { diffProducers, type RemoteProducer, type TrackRole } from './producers-diff';
import type { RemoteTrack } from './session-state';

interface Subscription {
  producer: RemoteProducer;
  consumer: types.Consumer;
  resumed: boolean;
}

export class Subscriber {
  readonly #signaling: Signaling;
  readonly #device: Device;
  readonly #onFailed: () => void;
  readonly #subscriptions = new Map<string, Subscription>();
  #transport?: types.Transport;

  constructor(signaling: Signaling, device: Device, onFailed: () => void) {
    this.#signaling = signaling;
    this.#device = device;
    this.#onFailed = onFailed;
  }

  /** Consumes exactly the wanted producers. New consumers stay paused until `resume`. */
  async synchronise(wanted: readonly RemoteProducer[], onChange: () => void): Promise<void> {
    const { toConsume, toClose } = diffProducers(this.#subscriptions.keys(), wanted);
    for (const producerId of toClose) {
      this.#subscriptions.get(producerId)?.consumer.close();
      this.#subscriptions.delete(producerId);
    }
    if (toClose.length > 0) onChange();
    if (toConsume.length === 0) return;
    const transport = await this.#openTransport();
    const outcomes = await Promise.allSettled(
      toConsume.map(async (producer) => {
        await this.#consume(transport, producer);
        onChange();
      }),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected' && !isGone(outcome.reason)) throw outcome.reason;
    }
  }

  trackOf(peerId: string, role: TrackRole): RemoteTrack | undefined {
    for (const { producer, consumer } of this.#subscriptions.values()) {
      if (producer.peerId === peerId && producer.role === role) return { producerId: producer.producerId, track: consumer.track };
    }
    return undefined;
  }

  /** Lets media flow: the server sends the key frame only now, when there is something to show it. */
  async resume(producerId: string): Promise<void> {
    const subscription = this.#subscriptions.get(producerId);
    if (!subscription || subscription.resumed) return;
    subscription.resumed = true;
    try {
      await this.#signaling.request('resumeConsumer', { consumerId: subscription.consumer.id });
    } catch (error) {
      subscription.resumed = false;
      throw error;
    }
  }

  close(): void {
    this.#subscriptions.clear();
    this.#transport?.close();
  }

  async #consume(transport: types.Transport, producer: RemoteProducer): Promise<void> {
    const consumed = await this.#signaling.request('consume', {
      producerId: producer.producerId,
      rtpCapabilities: this.#device.recvRtpCapabilities,
      paused: true,
    });
    const consumer = await transport.consume({
      id: consumed.id,
      producerId: consumed.producerId,
      kind: consumed.kind,
      rtpParameters: consumed.rtpParameters,
      // Lip sync joins tracks of one stream id; a screen and its sound belong together, apart from the camera.
      streamId: `${producer.peerId}-${producer.role.startsWith('screen') ? 'screen' : 'camera'}`,
    });
    this.#subscriptions.set(producer.producerId, { producer, consumer, resumed: false });
  }

  async #openTransport(): Promise<types.Transport> {
    if (this.#transport) return this.#transport;
    const options = await this.#signaling.request('createConsumerTransport');
    const transport = this.#device.createRecvTransport(options);
    transport.on('connect', ({ dtlsParameters }, done, fail) => {
      this.#signaling.request('connectConsumerTransport', { dtlsParameters }).then(done, fail);
    });
    transport.on('connectionstatechange', (state) => {
      if (state === 'failed') this.#onFailed();
    });
    this.#transport = transport;
    return transport;
  }
}

/** The producer closed between the list and the request; the next list says so. */
function isGone(error: unknown): boolean {
  return error instanceof SignalingError && error.code === 'producer_not_found';
}
