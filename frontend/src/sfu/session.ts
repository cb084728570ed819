// A stay in a room, without React: joins, publishes, consumes, and joins again when the connection or the room's worker was
// lost. Its operations run one after another; its state is an immutable snapshot.
import { Backoff } from '../backoff';
import { ObservableState } from '../observable-state';
import type { Signaling } from '../signaling/contract';
import type { PeerProducers, RoomClosed, RoomCreated, RoomJoined } from '../signaling/generated';
import { refusal } from '../signaling/sentences';
import { SignalingError } from '../signaling/signaling-error';
import type { Call, OpenCall } from './call';
import { LocalMedia, type PreparedTracks } from './local-media';
import { OperationQueue } from './operation-queue';
import { remoteProducers } from './producers-diff';
import { joinOrReopen, judge } from './rejoin';
import { Roster } from './roster';
import { initialState, type SessionState } from './session-state';

const REJOIN_ATTEMPTS = 12;

/** Hands over tracks that are open already; asked only once the room is entered, so a refusal leaves them to the preview. */
type TakeTracks = () => PreparedTracks;

export class Session {
  readonly #signaling: Signaling;
  readonly #openCall: OpenCall;
  readonly #state = new ObservableState<SessionState>(initialState);
  readonly #queue = new OperationQueue();
  readonly #media: LocalMedia;
  #roster = new Roster();
  #producers: readonly PeerProducers[] = [];
  #call?: Call;
  #disconnects = 0;
  #noticeId = 0;

  readonly subscribe = this.#state.subscribe;
  readonly getSnapshot = this.#state.getSnapshot;

  constructor(signaling: Signaling, openCall: OpenCall) {
    this.#signaling = signaling;
    this.#openCall = openCall;
    this.#media = new LocalMedia({
      state: this.#state,
      queue: this.#queue,
      publisher: () => this.#call?.publisher,
      notify: (text) => this.notify(text),
      report: (error) => this.#report(error),
    });
    this.#listen();
  }

  /** Opens a new room and enters it. */
  create(displayName: string, takeTracks: TakeTracks = () => ({})): Promise<void> {
    return this.#enterFirst(displayName, takeTracks, (name) => this.#signaling.request('createRoom', name));
  }

  /** Enters a room that exists. */
  join(roomId: string, displayName: string, takeTracks: TakeTracks = () => ({})): Promise<void> {
    return this.#enterFirst(displayName, takeTracks, (name) => this.#signaling.request('joinRoom', { roomId, ...name }));
  }

  /** Opens camera and microphone as the person chose before entering. */
  startDevices = (wanted: { camera: boolean; microphone: boolean }): Promise<void> => this.#media.start(wanted);
  setCamera = (on: boolean): Promise<void> => this.#media.setCamera(on);
  setMicrophone = (on: boolean): Promise<void> => this.#media.setMicrophone(on);
  setScreen = (on: boolean): Promise<void> => this.#media.setScreen(on);

  /** Called once a remote track is attached to an element: only then the server sends. */
  trackAttached(producerId: string): void {
    this.#call?.subscriber.resume(producerId).catch((error: unknown) => this.#report(error));
  }

  notify(text: string): void {
    const notices = this.#state.getSnapshot().notices.filter((notice) => notice.text !== text);
    this.#noticeId += 1;
    this.#state.update({ notices: [...notices, { id: this.#noticeId, text }] });
  }

  dismissNotice = (id: number): void => {
    this.#state.update({ notices: this.#state.getSnapshot().notices.filter((notice) => notice.id !== id) });
  };

  /** Leaves for good; a session is not used again afterwards. */
  async leave(): Promise<void> {
    if (this.#state.getSnapshot().phase !== 'closed') this.#close();
    await this.#queue.run(async () => {
      // The server forgets this peer anyway when the connection closes, so a failure changes nothing.
      if (this.#signaling.connected) await this.#signaling.request('leaveRoom').catch(() => undefined);
      this.#signaling.close();
    });
  }

  #listen(): void {
    this.#signaling.on('connected', () => void this.#queue.run(() => this.#rejoin()));
    this.#signaling.on('disconnected', () => {
      this.#disconnects += 1;
      this.#lost();
    });
    this.#signaling.on('roomClosed', (closed) => this.#roomClosed(closed));
    this.#signaling.on('broadcastStatus', (broadcast) => this.#state.update({ broadcast }));
    this.#signaling.on('activeSpeaker', ({ peerId }) => this.#state.update({ activeSpeakerId: peerId }));
    this.#signaling.on('peerJoined', ({ peerId, displayName }) => {
      this.#roster.joined(peerId, displayName);
      this.#refreshPeople();
    });
    this.#signaling.on('peerLeft', ({ peerId }) => {
      this.#roster.left(peerId);
      this.#refreshPeople();
    });
    this.#signaling.on('roomProducersChanged', ({ producers }) => {
      this.#producersChanged(producers);
      void this.#queue.run(() => this.#consume());
    });
  }

  async #enterFirst(
    displayName: string,
    takeTracks: TakeTracks,
    ask: (name: { displayName?: string }) => Promise<RoomCreated | RoomJoined>,
  ): Promise<void> {
    const name = displayName.trim() || undefined;
    this.#state.update({ phase: 'joining', displayName: name });
    try {
      await this.#queue.run(async () => {
        await this.#signaling.connect();
        const entered = await this.#openDoor(() => ask({ displayName: name }));
        this.#media.adopt(takeTracks());
        await this.#settleIn(entered);
      });
    } catch (error) {
      if (this.#state.getSnapshot().phase === 'joining') this.#state.update({ phase: 'new' });
      throw error;
    }
  }

  /** Runs on every connect; it acts only when a room waits to be joined again. */
  async #rejoin(): Promise<void> {
    const backoff = new Backoff(500, 3000);
    for (let attempt = 1; this.#state.getSnapshot().phase === 'reconnecting'; attempt += 1) {
      const { roomId, displayName } = this.#state.getSnapshot();
      if (!this.#signaling.connected || !roomId) return;
      try {
        await this.#settleIn(await this.#openDoor(() => joinOrReopen(this.#signaling, roomId, displayName)));
        return;
      } catch (error) {
        const verdict = judge(error);
        if (verdict === 'wait') return;
        if (verdict === 'stop' || attempt >= REJOIN_ATTEMPTS) {
          this.#close(sentence(error));
          return;
        }
        if (verdict === 'leave') await this.#signaling.request('leaveRoom').catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, backoff.next()));
      }
    }
  }

  /** Asks to be let in and loads a fresh device; the previous call, if any, ends here. */
  async #openDoor(ask: () => Promise<RoomCreated | RoomJoined>): Promise<RoomCreated | RoomJoined> {
    const disconnects = this.#disconnects;
    this.#roster = new Roster();
    this.#producers = [];
    const entered = await ask();
    const call = await this.#openCall(entered.rtpCapabilities, () => this.#transportFailed(call));
    const { phase } = this.#state.getSnapshot();
    if (phase === 'closed' || disconnects !== this.#disconnects) {
      closeCall(call);
      throw new SignalingError('disconnected', 'The connection to the server was lost while joining. Try again.');
    }
    closeCall(this.#call);
    this.#call = call;
    return entered;
  }

  async #settleIn(entered: RoomCreated | RoomJoined): Promise<void> {
    this.#state.update({ phase: 'joined', roomId: entered.roomId, peerId: entered.peerId, activeSpeakerId: undefined });
    // A list the server sent after its reply is newer than the reply's.
    if ('producers' in entered && this.#producers.length === 0) this.#producersChanged(entered.producers);
    this.#refreshPeople();
    await this.#media.publishAll().catch((error: unknown) => this.#report(error));
    await this.#consume();
  }

  async #consume(): Promise<void> {
    const { phase, peerId } = this.#state.getSnapshot();
    if (!this.#call || !peerId || phase !== 'joined') return;
    const wanted = remoteProducers(this.#producers, peerId);
    await this.#call.subscriber
      .synchronise(wanted, () => this.#refreshPeople())
      .catch((error: unknown) => this.#report(error));
  }

  #producersChanged(producers: readonly PeerProducers[]): void {
    this.#producers = producers;
    this.#roster.producersChanged(producers);
    this.#refreshPeople();
  }

  #refreshPeople(): void {
    // While joining again the tiles keep what they showed last.
    if (this.#state.getSnapshot().phase === 'reconnecting') return;
    const people = this.#roster.people(this.#state.getSnapshot().peerId, (peerId, role) =>
      this.#call?.subscriber.trackOf(peerId, role),
    );
    this.#state.update({ people });
  }

  #lost(): void {
    if (this.#state.getSnapshot().phase === 'joined') this.#state.update({ phase: 'reconnecting' });
  }

  #roomClosed({ code, reason }: RoomClosed): void {
    if (code !== 'worker_lost' && code !== 'shutting_down') return this.#close(refusal(code, reason));
    this.#lost();
    // A server that stops drops the connection next; joining waits for the one that replaces it.
    if (code === 'worker_lost') void this.#queue.run(() => this.#rejoin());
  }

  #transportFailed(call: Call): void {
    if (call !== this.#call || this.#state.getSnapshot().phase !== 'joined') return;
    this.#lost();
    void this.#queue.run(async () => {
      if (this.#signaling.connected) await this.#signaling.request('leaveRoom').catch(() => undefined);
      await this.#rejoin();
    });
  }

  #close(closedReason?: string): void {
    this.#state.update({ phase: 'closed', closedReason, people: [] });
    this.#media.stopAll();
    closeCall(this.#call);
    this.#call = undefined;
  }

  #report(error: unknown): void {
    // The banner says that the connection is lost; joining again repairs what failed because of it.
    if (error instanceof SignalingError && error.code === 'disconnected') return;
    this.notify(sentence(error));
  }
}

function closeCall(call: Call | undefined): void {
  call?.publisher.close();
  call?.subscriber.close();
}

function sentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : 'Something went wrong. Try again.';
}
