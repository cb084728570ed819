// How each source is encoded: codecs, simulcast layers and bitrates.
import type { types } from 'mediasoup-client';

type Layers = types.RtpEncodingParameters[];

/**
 * From the smallest to the largest; the small ones feed the broadcast and small tiles. Chromium sends no more layers than fit
 * the captured picture and leaves out the largest first, so a smaller picture has fewer from the start.
 */
const CAMERA_LAYERS: { pixels: number; layers: Layers }[] = [
  {
    pixels: 960 * 540,
    layers: [
      { maxBitrate: 60_000, scaleResolutionDownBy: 4 },
      { maxBitrate: 150_000, scaleResolutionDownBy: 2 },
      { maxBitrate: 600_000, scaleResolutionDownBy: 1 },
    ],
  },
  {
    pixels: 480 * 270,
    layers: [
      { maxBitrate: 150_000, scaleResolutionDownBy: 2 },
      { maxBitrate: 600_000, scaleResolutionDownBy: 1 },
    ],
  },
];
const SINGLE_LAYER: Layers = [{ maxBitrate: 600_000 }];
const SCREEN_LAYER: Layers = [{ maxBitrate: 1_200_000 }];

export type VideoCodec = 'vp8' | 'h264';

/** `?codec=h264` makes this browser send H264; VP8 otherwise. */
export function preferredCodec(search: string): VideoCodec {
  return new URLSearchParams(search).get('codec')?.toLowerCase() === 'h264' ? 'h264' : 'vp8';
}

/** What the camera captures, in pixels; it need not be what was asked of it. */
export interface Captured {
  width?: number;
  height?: number;
}

export function cameraOptions(codec: VideoCodec, capabilities: types.RtpCapabilities, captured: Captured): Partial<types.ProducerOptions> {
  return {
    codec: findCodec(codec, capabilities),
    // Simulcast is dependable for VP8; H264 encoders in browsers differ too much, so H264 is one layer.
    encodings: codec === 'vp8' ? layersFor(captured) : SINGLE_LAYER,
    codecOptions: { videoGoogleStartBitrate: 300 },
  };
}

export function screenOptions(codec: VideoCodec, capabilities: types.RtpCapabilities): Partial<types.ProducerOptions> {
  return { codec: findCodec(codec, capabilities), encodings: SCREEN_LAYER };
}

/** DTX sends almost nothing while nobody speaks. */
export const MICROPHONE_OPTIONS: Partial<types.ProducerOptions> = { codecOptions: { opusDtx: true, opusFec: true } };
export const SCREEN_AUDIO_OPTIONS: Partial<types.ProducerOptions> = { codecOptions: { opusStereo: true } };

/** A camera that does not say what it captures is taken for one that does as it was asked. */
function layersFor({ width = Infinity, height = Infinity }: Captured): Layers {
  return CAMERA_LAYERS.find(({ pixels }) => width * height >= pixels)?.layers ?? SINGLE_LAYER;
}

function findCodec(codec: VideoCodec, capabilities: types.RtpCapabilities): types.RtpCodecCapability | undefined {
  return capabilities.codecs?.find((candidate) => candidate.mimeType.toLowerCase() === `video/${codec}`);
}
