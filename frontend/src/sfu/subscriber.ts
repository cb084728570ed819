// The receiving half of a call: one transport, and one consumer per remote producer.
import type { Device, types } from 'mediasoup-client';
import type { Signaling } from '../signaling/contract';
import type { KeptMedia } from '../signaling/generated';
import { isDisconnected, isGone } from '../signaling/signaling-error';
import { differences } from './kept';
import { Link, type LinkOptions } from './link';
import { PreferredLayers } from './preferred-layers';
import { diffProducers, type RemoteProducer, type TrackRole } from './producers-diff';
import type { RemoteTrack } from './session-state';

interface Subscription {
  producer: RemoteProducer;
  consumer: types.Consumer;
  /** An element shows or plays it. */
  attached: boolean;
  /** Media is sent, as far as the server was told; unknown when a request about it failed. */
  flows: boolean | undefined;
}

export class Subscriber {
  readonly #signaling: Signaling;
  readonly #device: Device;
  readonly #link: Link;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #layers: PreferredLayers;
  #watching = true;

  constructor(options: LinkOptions) {
    this.#signaling = options.signaling;
    this.#device = options.device;
    this.#link = new Link('receive', options);
    this.#layers = new PreferredLayers((consumerId, height) => this.#signaling.request('setPreferredLayers', { consumerId, height }));
  }

  /** Consumes exactly the wanted producers. New consumers stay paused until they are attached. */
  async synchronise(wanted: readonly RemoteProducer[], onChange: () => void): Promise<void> {
    const { toConsume, toClose } = diffProducers(this.#subscriptions.keys(), wanted);
    for (const producerId of toClose) this.#drop(producerId);
    if (toClose.length > 0) onChange();
    if (toConsume.length === 0) return;
    const transport = await this.#link.open();
    const outcomes = await Promise.allSettled(
      toConsume.map(async (producer) => {
        await this.#consume(transport, producer);
        onChange();
      }),
    );
    for (const outcome of outcomes) {
      // A producer closed between the list and the request; the next list says so.
      if (outcome.status === 'rejected' && !isGone(outcome.reason)) throw outcome.reason;
    }
  }

  trackOf(peerId: string, role: TrackRole): RemoteTrack | undefined {
    for (const { producer, consumer } of this.#subscriptions.values()) {
      if (producer.peerId === peerId && producer.role === role) return { producerId: producer.producerId, track: consumer.track };
    }
    return undefined;
  }

  /** Whose consumer it is, and of what. */
  producerOf(consumerId: string): RemoteProducer | undefined {
    for (const { producer, consumer } of this.#subscriptions.values()) if (consumer.id === consumerId) return producer;
    return undefined;
  }

  /** Lets media flow: the server sends the key frame only now, when there is something to show it. */
  async attached(producerId: string): Promise<void> {
    const subscription = this.#subscriptions.get(producerId);
    if (!subscription) return;
    subscription.attached = true;
    await this.#setFlow(subscription);
  }

  /** Whether anybody looks: pictures nobody sees are not sent. Sound goes on. */
  async setWatching(watching: boolean): Promise<void> {
    this.#watching = watching;
    await Promise.all([...this.#subscriptions.values()].map((subscription) => this.#setFlow(subscription)));
  }

  /** Remote cameras are shown so high, in device pixels. */
  showCamerasAt(height: number): void {
    this.#layers.show(height);
  }

  /** After the connection was lost: goes on with what the server kept. `synchronise` consumes again what it did not. */
  async takeUp(kept: KeptMedia): Promise<void> {
    await this.#link.takeUp(kept.consumerTransportId);
    const byConsumer = new Map([...this.#subscriptions].map(([producerId, { consumer }]) => [consumer.id, producerId]));
    const { lost, unknown } = differences(byConsumer.keys(), kept.consumerIds);
    for (const consumerId of lost) this.#drop(byConsumer.get(consumerId) ?? '');
    await Promise.all(unknown.map((consumerId) => this.#close(consumerId)));
    await Promise.all([...this.#subscriptions.values()].map((subscription) => this.#setFlow(subscription)));
    this.#layers.tellAll();
  }

  close(): void {
    this.#subscriptions.clear();
    this.#layers.close();
    this.#link.close();
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
    this.#subscriptions.set(producer.producerId, { producer, consumer, attached: false, flows: false });
    if (producer.role === 'camera') this.#layers.opened(consumer.id);
  }

  #drop(producerId: string): void {
    const consumer = this.#subscriptions.get(producerId)?.consumer;
    if (!consumer) return;
    this.#subscriptions.delete(producerId);
    this.#layers.closed(consumer.id);
    consumer.close();
  }

  async #close(consumerId: string): Promise<void> {
    await this.#signaling.request('closeConsumer', { consumerId }).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }

  async #setFlow(subscription: Subscription): Promise<void> {
    const { consumer, attached } = subscription;
    const flows = attached && (this.#watching || consumer.kind === 'audio');
    if (subscription.flows === flows) return;
    subscription.flows = flows;
    try {
      await this.#signaling.request(flows ? 'resumeConsumer' : 'pauseConsumer', { consumerId: consumer.id });
    } catch (error) {
      subscription.flows = undefined;
      // It ended meanwhile, or is taken up again together with the connection.
      if (!isGone(error) && !isDisconnected(error)) throw error;
    }
  }
}
