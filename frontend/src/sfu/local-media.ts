// The person's own camera, microphone and screen: opens and stops tracks and keeps what is published in step with them.
import type { ObservableState } from '../observable-state';
import { isDisconnected } from '../signaling/signaling-error';
import { CaptureError, openCamera, openCameraAndMicrophone, openMicrophone, openScreen, type Device } from './capture';
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

const ROLES: Record<Device, TrackRole[]> = { camera: ['camera'], microphone: ['microphone'], screen: ['screen', 'screenAudio'] };
const DEVICES: Record<TrackRole, Device> = { camera: 'camera', microphone: 'microphone', screen: 'screen', screenAudio: 'screen' };

const MUTED_BY_HOST: Record<TrackRole, string> = {
  microphone: 'The host muted your microphone. You can turn it on again.',
  camera: 'The host turned off your camera. You can turn it on again.',
  screen: 'The host stopped the sharing of your screen. You can share it again.',
  screenAudio: 'The host muted the sound of your screen.',
};

export class LocalMedia {
  readonly #around: Surroundings;
  readonly #tracks = new Map<TrackRole, MediaStreamTrack>();
  #microphoneOn = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Takes over tracks that are open already; `publishAll` sends them. */
  adopt({ camera, microphone }: PreparedTracks): void {
    if (camera && this.#keep('camera', camera)) this.#show('camera');
    if (microphone && this.#keep('microphone', microphone)) {
      this.#microphoneOn = true;
      this.#show('microphone');
    }
  }

  /** Brings all that is published in line, in the queue: right after joining, and after each return. */
  async publishAll(): Promise<void> {
    for (const role of Object.keys(DEVICES) as TrackRole[]) await this.#publish(role);
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
    if (!on) return this.#turnOff('camera');
    await this.#turnOn('camera', async () => this.#keep('camera', await openCamera()));
  }

  async setMicrophone(on: boolean): Promise<void> {
    if (!this.#mayChange('microphone', on)) return;
    if (!on) return this.#turnOff('microphone');
    await this.#turnOn('microphone', async () => {
      // Muting keeps the track, so that speaking again takes no time.
      if (!this.#tracks.has('microphone')) this.#keep('microphone', await openMicrophone());
      this.#microphoneOn = true;
    });
  }

  async setScreen(on: boolean): Promise<void> {
    if (!this.#mayChange('screen', on)) return;
    if (!on) return this.#turnOff('screen');
    await this.#turnOn('screen', async () => {
      const { video, audio } = await openScreen();
      this.#keep('screen', video);
      if (audio) this.#keep('screenAudio', audio);
    });
  }

  /** Turns off what a host has muted, in the queue: whatever was asked for before has happened, and is overruled. */
  async applyHostMutes(producerIds: readonly string[]): Promise<void> {
    const publisher = this.#around.publisher();
    for (const producerId of producerIds) {
      const role = publisher?.roleOf(producerId);
      if (!role || !publisher?.pausedByHost(role)) continue;
      this.#around.notify(MUTED_BY_HOST[role]);
      if (role === 'screenAudio') this.#drop(role);
      else this.#silence(DEVICES[role]);
      for (const changed of ROLES[DEVICES[role]]) await this.#publish(changed);
    }
  }

  /** Stops every track, so that the camera lamp goes out. */
  stopAll(): void {
    for (const role of [...this.#tracks.keys()]) this.#drop(role);
    this.#microphoneOn = false;
    this.#around.state.update({ camera: { state: 'off' }, microphone: { state: 'off' }, screen: { state: 'off' } });
  }

  #mayChange(device: Device, on: boolean): boolean {
    const { state } = this.#around.state.getSnapshot()[device];
    return state !== 'changing' && (state === 'on') !== on;
  }

  /** Shows the device as changing while `open` and the server are at work, and as off again when that fails. */
  async #turnOn(device: Device, open: () => Promise<unknown>): Promise<void> {
    this.#around.state.update({ [device]: { state: 'changing' } });
    try {
      await open();
      await this.#bring(ROLES[device]);
    } catch (error) {
      for (const role of ROLES[device]) this.#drop(role);
      // What is half published is taken back; that this may fail too changes nothing.
      await this.#bring(ROLES[device]).catch(() => undefined);
      if (!(error instanceof CaptureError && error.dismissed)) this.#around.report(error);
    }
    this.#show(device);
  }

  async #turnOff(device: Device): Promise<void> {
    this.#silence(device);
    await this.#bring(ROLES[device]).catch((error: unknown) => this.#around.report(error));
  }

  /** At once, before anybody else is told. */
  #silence(device: Device): void {
    if (device === 'microphone') {
      this.#microphoneOn = false;
      const track = this.#tracks.get('microphone');
      if (track) track.enabled = false;
    } else {
      for (const role of ROLES[device]) this.#drop(role);
    }
    this.#show(device);
  }

  /** On or off, as it is; a device may be turned off while it is being opened, by leaving, by a host or by its cable. */
  #show(device: Device): void {
    const track = this.#tracks.get(device);
    const on = track && (device !== 'microphone' || this.#microphoneOn);
    this.#around.state.update({ [device]: { state: on ? 'on' : 'off', track } });
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
      if (role === 'camera' || role === 'microphone') this.#around.notify(`The ${role} was disconnected.`);
      this.#drop(role);
      if (role !== 'screenAudio') this.#show(role);
      void this.#bring([role]).catch((error: unknown) => this.#around.report(error));
    };
    return true;
  }

  #drop(role: TrackRole): void {
    if (role === 'microphone') this.#microphoneOn = false;
    const track = this.#tracks.get(role);
    if (!track) return;
    track.onended = null;
    track.stop();
    this.#tracks.delete(role);
  }

  /** Publishes these as they are now, after whatever else was asked for. */
  async #bring(roles: TrackRole[]): Promise<void> {
    try {
      await this.#around.queue.run(async () => {
        for (const role of roles) await this.#publish(role);
      });
    } catch (error) {
      // Coming back ends with `publishAll`.
      if (!isDisconnected(error)) throw error;
    }
  }

  async #publish(role: TrackRole): Promise<void> {
    const track = this.#tracks.get(role);
    const paused = role === 'microphone' && !this.#microphoneOn;
    if (track && role === 'microphone') track.enabled = !paused;
    // While the room is being joined again there is no publisher.
    await this.#around.publisher()?.set(role, track && { track, paused });
  }
}
