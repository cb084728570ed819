// The person's own camera, microphone and screen: opens and stops tracks and keeps what is published in step with them.
import type { ObservableState } from '../observable-state';
import { CaptureError, openCamera, openCameraAndMicrophone, openMicrophone, openScreen } from './capture';
import type { Call } from './call';
import type { OperationQueue } from './operation-queue';
import type { TrackRole } from './producers-diff';
import type { SessionState } from './session-state';

/** Tracks opened before joining, for example by the preview. */
export interface PreparedTracks {
  camera?: MediaStreamTrack;
  microphone?: MediaStreamTrack;
}

interface Surroundings {
  state: ObservableState<SessionState>;
  queue: OperationQueue;
  publisher: () => Call['publisher'] | undefined;
  notify: (text: string) => void;
  report: (error: unknown) => void;
}

export class LocalMedia {
  readonly #around: Surroundings;
  readonly #tracks = new Map<TrackRole, MediaStreamTrack>();
  #microphoneOn = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Takes over tracks that are open already; `publishAll` sends them. */
  adopt({ camera, microphone }: PreparedTracks): void {
    if (camera && this.#keep('camera', camera)) {
      this.#around.state.update({ camera: { state: 'on', track: camera } });
    }
    if (microphone && this.#keep('microphone', microphone)) {
      this.#microphoneOn = true;
      this.#around.state.update({ microphone: { state: 'on', track: microphone } });
    }
  }

  /** Publishes every open track: right after joining, and again after each reconnect. */
  async publishAll(): Promise<void> {
    for (const role of this.#tracks.keys()) await this.#publish(role);
  }

  /** Opens what is wanted and not open yet, with one question of the browser for both. */
  async start(wanted: { camera: boolean; microphone: boolean }): Promise<void> {
    const camera = wanted.camera && this.#mayChange('camera', true);
    const microphone = wanted.microphone && this.#mayChange('microphone', true) && !this.#tracks.has('microphone');
    if (!camera || !microphone) {
      if (camera) await this.setCamera(true);
      if (microphone) await this.setMicrophone(true);
      return;
    }
    this.#around.state.update({ camera: { state: 'changing' }, microphone: { state: 'changing' } });
    const { problems, ...opened } = await openCameraAndMicrophone();
    this.#around.state.update({ camera: { state: 'off' }, microphone: { state: 'off' } });
    this.adopt(opened);
    for (const problem of problems) this.#around.report(problem);
    await this.#around.queue.run(() => this.publishAll()).catch((error: unknown) => this.#around.report(error));
  }

  async setCamera(on: boolean): Promise<void> {
    if (!this.#mayChange('camera', on)) return;
    if (!on) {
      this.#around.state.update({ camera: { state: 'off' } });
      return this.#stop('camera');
    }
    await this.#start('camera', async () => {
      const track = await openCamera();
      this.#keep('camera', track);
      await this.#queuePublish('camera');
      return track;
    });
  }

  async setMicrophone(on: boolean): Promise<void> {
    if (!this.#mayChange('microphone', on)) return;
    this.#microphoneOn = on;
    const opened = this.#tracks.get('microphone');
    if (!on) {
      if (opened) opened.enabled = false;
      this.#around.state.update({ microphone: { state: 'off', track: opened } });
      return this.#queue(async (publisher) => publisher.pause('microphone'));
    }
    await this.#start('microphone', async () => {
      if (opened) {
        opened.enabled = true;
        await this.#around.queue.run(async () => this.#around.publisher()?.resume('microphone'));
        return opened;
      }
      const track = await openMicrophone();
      this.#keep('microphone', track);
      await this.#queuePublish('microphone');
      return track;
    });
  }

  async setScreen(on: boolean): Promise<void> {
    if (!this.#mayChange('screen', on)) return;
    if (!on) {
      this.#around.state.update({ screen: { state: 'off' } });
      await this.#stop('screenAudio');
      return this.#stop('screen');
    }
    await this.#start('screen', async () => {
      const { video, audio } = await openScreen();
      this.#keep('screen', video);
      if (audio) this.#keep('screenAudio', audio);
      await this.#queuePublish('screen');
      if (audio) await this.#queuePublish('screenAudio');
      return video;
    });
  }

  /** Stops every track, so that the camera lamp goes out. */
  stopAll(): void {
    for (const role of [...this.#tracks.keys()]) this.#drop(role);
    this.#microphoneOn = false;
    this.#around.state.update({ camera: { state: 'off' }, microphone: { state: 'off' }, screen: { state: 'off' } });
  }

  #mayChange(device: 'camera' | 'microphone' | 'screen', on: boolean): boolean {
    const { state } = this.#around.state.getSnapshot()[device];
    return state !== 'changing' && (state === 'on') !== on;
  }

  /** Shows the device as changing while `open` runs, and as off again when it fails. */
  async #start(device: 'camera' | 'microphone' | 'screen', open: () => Promise<MediaStreamTrack>): Promise<void> {
    this.#around.state.update({ [device]: { state: 'changing' } });
    try {
      const track = await open();
      // Stopped meanwhile, because the person left the room or unplugged the device.
      if (this.#tracks.get(device) === track) this.#around.state.update({ [device]: { state: 'on', track } });
    } catch (error) {
      if (device === 'microphone') this.#microphoneOn = false;
      this.#drop(device);
      if (device === 'screen') this.#drop('screenAudio');
      this.#around.state.update({ [device]: { state: 'off' } });
      if (error instanceof CaptureError && error.dismissed) return;
      this.#around.report(error);
    }
  }

  /** False when the room was left while the device was being opened. */
  #keep(role: TrackRole, track: MediaStreamTrack): boolean {
    if (this.#around.state.getSnapshot().phase === 'closed') {
      track.stop();
      return false;
    }
    this.#tracks.set(role, track);
    track.onended = () => {
      if (role === 'screen') void this.setScreen(false);
      if (role === 'screenAudio') void this.#stop('screenAudio');
      if (role !== 'camera' && role !== 'microphone') return;
      this.#around.notify(`The ${role} was disconnected.`);
      this.#around.state.update({ [role]: { state: 'off' } });
      if (role === 'microphone') this.#microphoneOn = false;
      void this.#stop(role);
    };
    return true;
  }

  #drop(role: TrackRole): void {
    const track = this.#tracks.get(role);
    if (!track) return;
    track.onended = null;
    track.stop();
    this.#tracks.delete(role);
  }

  async #stop(role: TrackRole): Promise<void> {
    this.#drop(role);
    await this.#queue(async (publisher) => publisher.stop(role));
  }

  #queuePublish(role: TrackRole): Promise<void> {
    return this.#around.queue.run(() => this.#publish(role));
  }

  async #publish(role: TrackRole): Promise<void> {
    const publisher = this.#around.publisher();
    const track = this.#tracks.get(role);
    // While the room is being joined again there is no publisher; joining ends with `publishAll`.
    if (!publisher || !track || publisher.publishes(role)) return;
    const paused = role === 'microphone' && !this.#microphoneOn;
    track.enabled = !paused;
    await publisher.publish(role, track, paused);
  }

  async #queue(operation: (publisher: Call['publisher']) => Promise<void>): Promise<void> {
    try {
      await this.#around.queue.run(async () => {
        const publisher = this.#around.publisher();
        if (publisher) await operation(publisher);
      });
    } catch (error) {
      this.#around.report(error);
    }
  }
}
