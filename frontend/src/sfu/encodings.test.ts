// What is sent, in which layers.
import type { types } from 'mediasoup-client';
import { describe, expect, it } from 'vitest';
import { cameraOptions, preferredCodec, screenOptions } from './encodings';

const codec = (mimeType: 'video/VP8' | 'video/H264'): types.RtpCodecCapability => ({ kind: 'video', mimeType, clockRate: 90_000, preferredPayloadType: 96 });
const capabilities: types.RtpCapabilities = { codecs: [codec('video/H264'), codec('video/VP8')] };

describe('encodings', () => {
  it('sends the camera as VP8 in two layers, the small one first', () => {
    const options = cameraOptions(preferredCodec(''), capabilities);

    expect(options.codec?.mimeType).toBe('video/VP8');
    expect(options.encodings).toEqual([{ maxBitrate: 150_000, scaleResolutionDownBy: 2 }, { maxBitrate: 600_000 }]);
  });

  it('sends one layer of H264 when the address asks for it', () => {
    const options = cameraOptions(preferredCodec('?codec=h264'), capabilities);

    expect(options.codec?.mimeType).toBe('video/H264');
    expect(options.encodings).toHaveLength(1);
  });

  it('sends a screen in a single layer', () => {
    expect(screenOptions('vp8', capabilities).encodings).toHaveLength(1);
  });
});
