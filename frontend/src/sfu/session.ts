// A stay in a room, without React: joins, publishes, consumes, and comes back when the connection, the room's worker or the
// server was lost. Its operations run one after another; its state is an immutable snapshot.
import { Backoff } from '../backoff';
import { ObservableState } from '../observable-state';
import type { Signaling } from '../signaling/contract';
import type { CreateRoom, JoinRoom, RoomClosed, RoomCreated, RoomJoined } from '../signaling/generated';
import { refusal } from '../signaling/sentences';
import { codeOf, type SignalingErrorCode } from '../signaling/signaling-error';
import type { OpenCall } from './call';
import { HostControls } from './host-controls';
import { LocalMedia, type PreparedTracks } from './local-media';
import { Notices, sentence } from './notices';
import { OperationQueue } from './operation-queue';
import { RoomView } from './room-view';
import { ACCIDENTS, joinRemembered, judge } from './seat';
import { recallSeat } from './seat-memory';
import { initialState, type SessionState } from './session-state';
import { Stay } from './stay';

const RETURN_ATTEMPTS = 12;
/** So many calls in a row whose media found no way at all: the next one will not either. */
const BLOCKED_CALLS = 2;
const MEDIA_IS_BLOCKED =
  'Sound and picture do not get through: a firewall or a VPN may block them. Join again from another network, or ask whoever runs this server for a relay.';

/** Hands over tracks that are open already; asked only once the room is entered, so a refusal leaves them to the preview. */
type TakeTracks = () => PreparedTracks;

export class Session {
  readonly #signaling: Signaling;
  readonly #state = new ObservableState<SessionState>(initialState);
  readonly #queue = new OperationQueue();
  readonly #notices = new Notices(this.#state);
  readonly #media: LocalMedia;
  readonly #room: RoomView;
  readonly #stay: Stay;
  #blockedCalls = 0;

  readonly subscribe = this.#state.subscribe;
  readonly getSnapshot = this.#state.getSnapshot;
  readonly dismissNotice = this.#notices.dismiss;
  readonly hostControls: HostControls;

  constructor(signaling: Signaling, openCall: OpenCall) {
    this.#signaling = signaling;
    this.hostControls = new HostControls(signaling, this.#notices.report);
    this.#room = new RoomView(signaling, this.#state, () => this.#stay.call);
    this.#stay = new Stay({ signaling, openCall, state: this.#state, room: this.#room, onFailed: (held) => this.#callFailed(held) });
    this.#media = new LocalMedia({
      state: this.#state,
      queue: this.#queue,
      publisher: () => this.#stay.call?.publisher,
      notify: this.#notices.say,
      report: this.#notices.report,
    });
    this.#listen();
  }

  /** Opens a new room and enters it. */
  create(wishes: CreateRoom, takeTracks: TakeTracks = () => ({})): Promise<void> {
    const ask = (displayName?: string) => this.#signaling.request('createRoom', { ...wishes, displayName });
    return this.#enterFirst(wishes, takeTracks, ask);
  }

  /** Enters a room that exists, as a host where this tab was one. */
  join(wishes: JoinRoom, takeTracks: TakeTracks = () => ({})): Promise<void> {
    const tokens = recallSeat(wishes.roomId);
    const ask = (displayName?: string) => joinRemembered(this.#signaling, { ...wishes, displayName }, tokens);
    return this.#enterFirst(wishes, takeTracks, ask, tokens.hostToken);
  }

  /** Opens camera and microphone as the person chose before entering. */
  startDevices = async (wanted: { camera: boolean; microphone: boolean }): Promise<void> => {
    if (this.#state.getSnapshot().role === 'publisher') await this.#media.start(wanted);
  };
  setCamera = (on: boolean): Promise<void> => this.#media.setCamera(on);
  setMicrophone = (on: boolean): Promise<void> => this.#media.setMicrophone(on);
  setScreen = (on: boolean): Promise<void> => this.#media.setScreen(on);

  /** Called once a remote track is attached to an element: only then the server sends. */
  trackAttached(producerId: string): void {
    this.#stay.call?.subscriber.attached(producerId).catch(this.#notices.report);
  }

  /** Tiles of remote cameras have this height, in device pixels: nobody needs more. */
  showCamerasAt(tileHeight: number): void {
    this.#stay.showCamerasAt(tileHeight);
  }

  /** Whether the person sees the page. */
  setWatching(watching: boolean): void {
    this.#stay.setWatching(watching).catch(this.#notices.report);
  }

  /** The network is there again, as far as the browser knows. */
  reconnect(): void {
    if (this.#state.getSnapshot().phase !== 'closed') this.#signaling.reconnect();
  }

  /** The page goes, perhaps for good: the seat is given up, because nobody is there. */
  stepOut(): void {
    const { phase } = this.#state.getSnapshot();
    if (phase !== 'joined' && phase !== 'reconnecting') return;
    this.#stay.stepOut();
    this.#lost();
    void this.#stay.leaveRoom();
  }

  /** The page is back as it was. */
  stepIn(): void {
    if (!this.#signaling.connected) this.#signaling.reconnect();
    else void this.#queue.run(() => this.#comeBack());
  }

  /** Leaves for good; a session is not used again afterwards. */
  async leave(): Promise<void> {
    if (this.#state.getSnapshot().phase !== 'closed') this.#close();
    await this.#queue.run(async () => {
      await this.#stay.leaveRoom();
      this.#signaling.close();
    });
  }

  /** What the room's own facts mean is in `RoomView`, which hears them first. */
  #listen(): void {
    this.#signaling.on('connected', () => void this.#queue.run(() => this.#comeBack()));
    this.#signaling.on('disconnected', () => this.#lost());
    this.#signaling.on('roomClosed', (closed) => this.#roomClosed(closed));
    this.#signaling.on('roomProducersChanged', () => void this.#queue.run(() => this.#follow()));
  }

  async #enterFirst(
    wishes: CreateRoom | JoinRoom,
    takeTracks: TakeTracks,
    ask: (displayName?: string) => Promise<RoomCreated | RoomJoined>,
    hostToken?: string,
  ): Promise<void> {
    const { joinToken } = wishes;
    const displayName = wishes.displayName?.trim() || undefined;
    this.#state.update({ phase: 'joining', displayName });
    try {
      await this.#queue.run(async () => {
        await this.#signaling.connect();
        await this.#stay.enter(() => ask(displayName), { hostToken, joinToken });
        if (this.#state.getSnapshot().role === 'publisher') this.#media.adopt(takeTracks());
        await this.#settleIn();
      });
    } catch (error) {
      if (this.#state.getSnapshot().phase === 'joining') this.#state.update({ phase: 'new' });
      throw error;
    }
  }

  /** Runs on every connect; it acts only when a seat waits to be taken again. */
  async #comeBack(): Promise<void> {
    const backoff = new Backoff(500, 3000, 0.3);
    for (let attempt = 1; this.#state.getSnapshot().phase === 'reconnecting'; attempt += 1) {
      if (!this.#signaling.connected) return;
      try {
        if (await this.#stay.comeBack()) await this.#settleIn();
        return;
      } catch (error) {
        const verdict = judge(error, this.#state.getSnapshot().role);
        if (verdict === 'wait') return;
        if (verdict === 'stop' || attempt >= RETURN_ATTEMPTS) {
          this.#close(sentence(error), codeOf(error));
          // The server may have let it in and not been heard.
          await this.#stay.leaveRoom();
          this.#signaling.close();
          return;
        }
        if (verdict === 'leave') await this.#stay.leaveRoom();
        await new Promise((resolve) => setTimeout(resolve, backoff.next()));
      }
    }
  }

  async #settleIn(): Promise<void> {
    if (this.#state.getSnapshot().phase === 'closed') return;
    this.#state.update({ phase: 'joined' });
    this.#room.refresh();
    await this.#applyHostMutes();
    await this.#media.publishAll().catch(this.#notices.report);
    await this.#follow();
  }

  /** Brings what is sent and received in line with the newest list of producers. */
  async #follow(): Promise<void> {
    const { call } = this.#stay;
    if (!call || this.#state.getSnapshot().phase !== 'joined') return;
    await this.#applyHostMutes();
    await call.subscriber.synchronise(this.#room.remote, this.#room.refresh).catch(this.#notices.report);
    this.#room.forgetEnded();
  }

  async #applyHostMutes(): Promise<void> {
    await this.#media.applyHostMutes(this.#room.own?.mutedByHost ?? []).catch(this.#notices.report);
  }

  #lost(): void {
    if (this.#state.getSnapshot().phase === 'joined') this.#state.update({ phase: 'reconnecting' });
  }

  #roomClosed({ code, reason }: RoomClosed): void {
    if (!ACCIDENTS.has(code) && code !== 'shutting_down') {
      this.#close(refusal(code, reason), code);
      return;
    }
    this.#stay.loseSeat();
    this.#lost();
    // A server that stops drops the connection next; joining waits for the one that replaces it.
    if (ACCIDENTS.has(code)) void this.#queue.run(() => this.#comeBack());
  }

  #callFailed(held: boolean): void {
    if (this.#state.getSnapshot().phase !== 'joined') return;
    this.#blockedCalls = held ? 0 : this.#blockedCalls + 1;
    if (this.#blockedCalls >= BLOCKED_CALLS) {
      this.#close(MEDIA_IS_BLOCKED);
      void this.leave();
      return;
    }
    this.#stay.loseSeat();
    this.#lost();
    void this.#queue.run(async () => {
      await this.#stay.leaveRoom();
      await this.#comeBack();
    });
  }

  #close(closedReason?: string, code?: SignalingErrorCode): void {
    this.#state.update({ phase: 'closed', closedReason, roomIsGone: this.#stay.roomIsGone(code), people: [] });
    this.#media.stopAll();
    this.#stay.end();
  }
}
