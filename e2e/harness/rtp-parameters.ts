// What a browser would say in `produce`, `consume` and `connect…Transport`, as small as the server takes it.

export function opus(ssrc: number) {
  return {
    mid: '0',
    codecs: [
      { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2, parameters: { useinbandfec: 1 }, rtcpFeedback: [] },
    ],
    headerExtensions: [],
    encodings: [{ ssrc }],
    rtcp: { cname: 'by-hand', reducedSize: true },
  };
}

export function vp8(ssrc: number) {
  return {
    mid: '1',
    codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000, parameters: {}, rtcpFeedback: [{ type: 'nack', parameter: 'pli' }] }],
    headerExtensions: [],
    encodings: [{ ssrc }],
    rtcp: { cname: 'by-hand', reducedSize: true },
  };
}

/** A codec no router here knows. */
export function foreignCodec(ssrc: number) {
  return { ...vp8(ssrc), codecs: [{ ...vp8(ssrc).codecs[0], mimeType: 'video/VP9' }] };
}

export const dtlsParameters = {
  role: 'client',
  fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }],
};

/** A receiver that can decode nothing. */
export const deafCapabilities = { codecs: [], headerExtensions: [] };
