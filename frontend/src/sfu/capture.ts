// Opens cameras, microphones and screens, and says in plain sentences why that failed.

export type Device = 'camera' | 'microphone' | 'screen';

export class CaptureError extends Error {
  /** The person closed the browser's dialog, which needs no explanation. */
  readonly dismissed: boolean;

  constructor(message: string, { dismissed = false, cause }: { dismissed?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'CaptureError';
    this.dismissed = dismissed;
  }
}

/** Browsers hide `mediaDevices` on plain http pages that are not localhost. */
export function captureIsPossible(): boolean {
  return 'mediaDevices' in navigator;
}

export const INSECURE_ORIGIN =
  'This page is not served over HTTPS, so the browser does not allow camera and microphone. Open it over HTTPS or on localhost.';

const WITHOUT = 'You can be in the room without them.';
const BOTH_BLOCKED = `The browser blocks camera and microphone. Allow them with the icon beside the address, then turn them on again. ${WITHOUT}`;
/** One sentence where both have the same cause. */
const BOTH: Partial<Record<string, string>> = {
  NotFoundError: `Neither camera nor microphone was found. Connect them, then turn them on again. ${WITHOUT}`,
  NotReadableError: `Another program uses camera and microphone. Close it, then turn them on again. ${WITHOUT}`,
};

/** Large enough for three layers (encodings.ts). */
const CAMERA: MediaTrackConstraints = { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 30 } };
const MICROPHONE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export async function openCamera(): Promise<MediaStreamTrack> {
  return open('camera', { video: CAMERA });
}

export async function openMicrophone(): Promise<MediaStreamTrack> {
  return open('microphone', { audio: MICROPHONE });
}

export interface Opened {
  camera?: MediaStreamTrack;
  microphone?: MediaStreamTrack;
  problems: CaptureError[];
}

/** Both at once, so that the browser asks one question; one alone when the other is missing or broken. */
export async function openCameraAndMicrophone(): Promise<Opened> {
  if (!captureIsPossible()) return { problems: [new CaptureError(INSECURE_ORIGIN)] };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: CAMERA, audio: MICROPHONE });
    return { camera: stream.getVideoTracks()[0], microphone: stream.getAudioTracks()[0], problems: [] };
  } catch (error) {
    if (nameOf(error) === 'NotAllowedError') {
      return { problems: [new CaptureError(BOTH_BLOCKED)] };
    }
  }
  const [camera, microphone] = await Promise.allSettled([openCamera(), openMicrophone()]);
  const problems = [camera, microphone].flatMap((result) => (result.status === 'rejected' ? [result.reason as CaptureError] : []));
  const [cause, other] = problems.map((problem) => nameOf(problem.cause));
  const both = cause && cause === other ? BOTH[cause] : undefined;
  return {
    camera: camera.status === 'fulfilled' ? camera.value : undefined,
    microphone: microphone.status === 'fulfilled' ? microphone.value : undefined,
    problems: both ? [new CaptureError(both)] : problems,
  };
}

/** The screen's picture and, where the browser offers it, its sound. */
export async function openScreen(): Promise<{ video: MediaStreamTrack; audio?: MediaStreamTrack }> {
  if (!captureIsPossible()) throw new CaptureError(INSECURE_ORIGIN);
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: true });
    const [video] = stream.getVideoTracks();
    if (!video) throw new DOMException('no picture', 'NotFoundError');
    return { video, audio: stream.getAudioTracks()[0] };
  } catch (error) {
    throw explain('screen', error);
  }
}

async function open(device: Device, constraints: MediaStreamConstraints): Promise<MediaStreamTrack> {
  if (!captureIsPossible()) throw new CaptureError(INSECURE_ORIGIN);
  try {
    const [track] = (await navigator.mediaDevices.getUserMedia(constraints)).getTracks();
    if (!track) throw new DOMException('no track', 'NotFoundError');
    return track;
  } catch (error) {
    throw explain(device, error);
  }
}

/** Turns the browser's error into what is wrong and what to do about it. */
export function explain(device: Device, error: unknown): CaptureError {
  const name = nameOf(error);
  if (device === 'screen') {
    return name === 'NotAllowedError'
      ? new CaptureError('Screen sharing was cancelled.', { dismissed: true })
      : new CaptureError('The screen could not be shared. Try again, or choose another window.');
  }
  return new CaptureError(sentence(device, name), { cause: error });
}

function sentence(device: 'camera' | 'microphone', name: string): string {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return `The browser blocks the ${device}. Allow it with the icon beside the address, then turn the ${device} on again.`;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `No ${device} was found. Connect one, then turn the ${device} on again.`;
    case 'NotReadableError':
    case 'AbortError':
      return `Another program uses the ${device}. Close it, then turn the ${device} on again.`;
    default:
      return `The ${device} could not be opened. Turn it on again to retry.`;
  }
}

/** Not every browser derives its media errors from Error. */
function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : '';
}
