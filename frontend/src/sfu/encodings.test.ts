// What is sent, in which layers.
import type { types } from 'mediasoup-client';
import { describe, expect, it } from 'vitest';
import { cameraOptions, preferredCodec, screenOptions } from './encodings';

const codec = (mimeType: 'video/VP8' | 'video/H264'): types.RtpCodecCapability => ({ kind: 'video', mimeType, clockRate: 90_000, preferredPayloadType: 96 });
const capabilities: types.RtpCapabilities = { codecs: [codec('video/H264'), codec('video/VP8')] };
const asAsked = { width: 960, height: 540 };
const scales = (options: Partial<types.ProducerOptions>) => options.encodings?.map((encoding) => encoding.scaleResolutionDownBy);

describe('encodings', () => {
  it('sends the camera as VP8 in three layers, each half the one after it, the smallest first', () => {
    const options = cameraOptions(preferredCodec(''), capabilities, asAsked);

    expect(options.codec?.mimeType).toBe('video/VP8');
    expect(options.encodings).toEqual([
      { maxBitrate: 60_000, scaleResolutionDownBy: 4 },
      { maxBitrate: 150_000, scaleResolutionDownBy: 2 },
      { maxBitrate: 600_000, scaleResolutionDownBy: 1 },
    ]);
  });

  it('sends no layer that a browser would leave out because the camera’s picture is small', () => {
    expect(scales(cameraOptions('vp8', capabilities, { width: 640, height: 480 }))).toEqual([2, 1]);
    expect(cameraOptions('vp8', capabilities, { width: 320, height: 180 }).encodings).toHaveLength(1);
  });

  it('takes a camera that does not tell its size for one that does as it was asked', () => {
    expect(scales(cameraOptions('vp8', capabilities, {}))).toEqual([4, 2, 1]);
  });

  it('sends one layer of H264 when the address asks for it', () => {
    const options = cameraOptions(preferredCodec('?codec=h264'), capabilities, asAsked);

    expect(options.codec?.mimeType).toBe('video/H264');
    expect(options.encodings).toHaveLength(1);
  });

  it('sends a screen in a single layer', () => {
    expect(screenOptions('vp8', capabilities).encodings).toHaveLength(1);
  });
});
