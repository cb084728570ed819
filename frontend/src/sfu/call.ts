// One stay in a room: a loaded device with both transports. It outlives a lost connection when the server kept the seat;
// whoever joins anew makes a new one.
import { Device, type types } from 'mediasoup-client';
import type { Signaling } from '../signaling/contract';
import type { VideoCodec } from './encodings';
import { Publisher } from './publisher';
import { Subscriber } from './subscriber';

const UNSUPPORTED =
  'This browser cannot take part in calls here. Use a current Chrome, Edge, Firefox or Safari, and open the page over HTTPS or on localhost.';

/** What the session needs of the two halves of a call. */
export interface Call {
  publisher: Pick<Publisher, 'set' | 'roleOf' | 'pausedByHost' | 'takeUp' | 'close'>;
  subscriber: Pick<Subscriber, 'synchronise' | 'trackOf' | 'producerOf' | 'attached' | 'setWatching' | 'showCamerasAt' | 'takeUp' | 'close'>;
}

export type OpenCall = (capabilities: types.RtpCapabilities, onFailed: (held: boolean) => void) => Promise<Call>;

export interface CallOptions {
  codec: VideoCodec;
  relayOnly: boolean;
}

/** `?relay=only` makes media take the way through a relay even where a direct one exists. */
export function relayOnly(search: string): boolean {
  return new URLSearchParams(search).get('relay') === 'only';
}

export function callOpener(signaling: Signaling, { codec, relayOnly }: CallOptions): OpenCall {
  return async (routerRtpCapabilities, onFailed) => {
    const device = await Device.factory().catch(() => {
      throw new Error(UNSUPPORTED);
    });
    await device.load({ routerRtpCapabilities });
    const options = { signaling, device, relayOnly, onFailed };
    return { publisher: new Publisher(options, codec), subscriber: new Subscriber(options) };
  };
}

export function closeCall(call: Call | undefined): void {
  call?.publisher.close();
  call?.subscriber.close();
}
