// How each source is encoded: codecs, simulcast layers and bitrates.
import type { types } from 'mediasoup-client';

/** Two layers: the small one feeds the 256x144 broadcast, the large one the other tiles. */
const CAMERA_LAYERS: types.RtpEncodingParameters[] = [{ maxBitrate: 150_000, scaleResolutionDownBy: 2 }, { maxBitrate: 600_000 }];
const SINGLE_LAYER: types.RtpEncodingParameters[] = [{ maxBitrate: 600_000 }];
const SCREEN_LAYER: types.RtpEncodingParameters[] = [{ maxBitrate: 1_200_000 }];

export type VideoCodec = 'vp8' | 'h264';

/** `?codec=h264` makes this browser send H264; VP8 otherwise. */
export function preferredCodec(search: string): VideoCodec {
  return new URLSearchParams(search).get('codec')?.toLowerCase() === 'h264' ? 'h264' : 'vp8';
}

export function cameraOptions(codec: VideoCodec, capabilities: types.RtpCapabilities): Partial<types.ProducerOptions> {
  // Simulcast is dependable for VP8; H264 encoders in browsers differ too much, so H264 is one layer.
  return {
    codec: findCodec(codec, capabilities),
    encodings: codec === 'vp8' ? CAMERA_LAYERS : SINGLE_LAYER,
    codecOptions: { videoGoogleStartBitrate: 300 },
  };
}

export function screenOptions(codec: VideoCodec, capabilities: types.RtpCapabilities): Partial<types.ProducerOptions> {
  return { codec: findCodec(codec, capabilities), encodings: SCREEN_LAYER };
}

/** DTX sends almost nothing while nobody speaks. */
export const MICROPHONE_OPTIONS: Partial<types.ProducerOptions> = { codecOptions: { opusDtx: true, opusFec: true } };
export const SCREEN_AUDIO_OPTIONS: Partial<types.ProducerOptions> = { codecOptions: { opusStereo: true } };

function findCodec(codec: VideoCodec, capabilities: types.RtpCapabilities): types.RtpCodecCapability | undefined {
  return capabilities.codecs?.find((candidate) => candidate.mimeType.toLowerCase() === `video/${codec}`);
}
