// Why a device could not be opened, in sentences that say what to do.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { INSECURE_ORIGIN, explain, openCamera, openCameraAndMicrophone } from './capture';

const named = (name: string) => new DOMException('', name);
const track = (kind: string) => ({ kind }) as MediaStreamTrack;
const stream = (...tracks: MediaStreamTrack[]) => ({
  getTracks: () => tracks,
  getVideoTracks: () => tracks.filter(({ kind }) => kind === 'video'),
  getAudioTracks: () => tracks.filter(({ kind }) => kind === 'audio'),
});

afterEach(() => Reflect.deleteProperty(navigator, 'mediaDevices'));

function browserWith(getUserMedia: (constraints: MediaStreamConstraints) => Promise<unknown>) {
  const spy = vi.fn(getUserMedia);
  Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: { getUserMedia: spy } });
  return spy;
}

describe('capture', () => {
  it('says that the page needs HTTPS where the browser hides its devices', async () => {
    await expect(openCamera()).rejects.toThrow(INSECURE_ORIGIN);
  });

  it.each([
    ['NotAllowedError', 'blocks the camera'],
    ['NotFoundError', 'No camera was found'],
    ['NotReadableError', 'Another program uses the camera'],
  ])('explains %s with a remedy', (name, sentence) => {
    const { message } = explain('camera', named(name));

    expect(message).toContain(sentence);
    expect(message).toContain('turn the camera on again');
  });

  it('treats a cancelled screen share as no problem at all', () => {
    expect(explain('screen', named('NotAllowedError')).dismissed).toBe(true);
  });

  it('asks the browser one question for camera and microphone', async () => {
    const getUserMedia = browserWith(() => Promise.resolve(stream(track('video'), track('audio'))));

    const opened = await openCameraAndMicrophone();

    expect(opened).toMatchObject({ camera: { kind: 'video' }, microphone: { kind: 'audio' }, problems: [] });
    expect(getUserMedia).toHaveBeenCalledTimes(1);
  });

  it('opens the microphone alone, and says so, when there is no camera', async () => {
    browserWith(({ video }) => (video ? Promise.reject(named('NotFoundError')) : Promise.resolve(stream(track('audio')))));

    const opened = await openCameraAndMicrophone();

    expect(opened.camera).toBeUndefined();
    expect(opened.microphone).toMatchObject({ kind: 'audio' });
    expect(opened.problems.map(({ message }) => message)).toEqual([expect.stringContaining('No camera was found')]);
  });

  it.each([
    ['NotFoundError', 'Neither camera nor microphone was found'],
    ['NotReadableError', 'Another program uses camera and microphone'],
  ])('says %s once when it is the same for both', async (name, sentence) => {
    browserWith(() => Promise.reject(named(name)));

    const { problems } = await openCameraAndMicrophone();

    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(sentence)]);
  });

  it('says two sentences when the causes differ', async () => {
    browserWith(({ video }) => Promise.reject(named(video ? 'NotFoundError' : 'NotReadableError')));

    const { problems } = await openCameraAndMicrophone();

    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('No camera was found'),
      expect.stringContaining('Another program uses the microphone'),
    ]);
  });

  it('does not ask again when the person said no', async () => {
    const getUserMedia = browserWith(() => Promise.reject(named('NotAllowedError')));

    const opened = await openCameraAndMicrophone();

    expect(getUserMedia).toHaveBeenCalledTimes(1);
    expect(opened.problems).toHaveLength(1);
  });
});
