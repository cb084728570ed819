// One stay in a room: a loaded device with both transports. Every (re)join makes a new one.
import { Device, type types } from 'mediasoup-client';
import type { Signaling } from '../signaling/contract';
import type { VideoCodec } from './encodings';
import { Publisher } from './publisher';
import { Subscriber } from './subscriber';

const UNSUPPORTED =
  'This browser cannot take part in calls here. Use a current Chrome, Edge, Firefox or Safari, and open the page over HTTPS or on localhost.';

/** What the session needs of the two halves of a call. */
export interface Call {
  publisher: Pick<Publisher, 'publish' | 'publishes' | 'pause' | 'resume' | 'stop' | 'close'>;
  subscriber: Pick<Subscriber, 'synchronise' | 'trackOf' | 'resume' | 'close'>;
}

export type OpenCall = (capabilities: types.RtpCapabilities, onFailed: () => void) => Promise<Call>;

export function callOpener(signaling: Signaling, codec: VideoCodec): OpenCall {
  return async (routerRtpCapabilities, onFailed) => {
    const device = await Device.factory().catch(() => {
      throw new Error(UNSUPPORTED);
    });
    await device.load({ routerRtpCapabilities });
    return {
      publisher: new Publisher(signaling, device, codec, onFailed),
      subscriber: new Subscriber(signaling, device, onFailed),
    };
  };
}
