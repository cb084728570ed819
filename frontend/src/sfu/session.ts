// A stay in a room, without React: joins, publishes, consumes, and comes back when the connection, the room's worker or the
// server was lost. Its operations run one after another; its state is an immutable snapshot.
import { Backoff } from '../backoff';
import { ObservableState } from '../observable-state';
import type { Signaling } from '../signaling/contract';
import type { CreateRoom, JoinRoom, RoomClosed, RoomCreated, RoomJoined } from '../signaling/generated';
import { refusal } from '../signaling/sentences';
import { SignalingError } from '../signaling/signaling-error';
import { closeCall, type Call, type OpenCall } from './call';
import { HostControls } from './host-controls';
import { LocalMedia, type PreparedTracks } from './local-media';
import { Notices, sentence } from './notices';
import { OperationQueue } from './operation-queue';
import { RoomView } from './room-view';
import { judge, rejoin, resume, type Seat } from './seat';
import { giveSeatUp, recallSeat, rememberSeat } from './seat-memory';
import { initialState, type SessionState } from './session-state';

const RETURN_ATTEMPTS = 12;

/** Hands over tracks that are open already; asked only once the room is entered, so a refusal leaves them to the preview. */
type TakeTracks = () => PreparedTracks;
type Entered = RoomCreated | RoomJoined;

export class Session {
  readonly #signaling: Signaling;
  readonly #openCall: OpenCall;
  readonly #state = new ObservableState<SessionState>(initialState);
  readonly #queue = new OperationQueue();
  readonly #notices = new Notices(this.#state);
  readonly #media: LocalMedia;
  readonly #room: RoomView;
  #seat?: Seat;
  #call?: Call;
  #disconnects = 0;
  #view: { watching: boolean; tileHeight?: number } = { watching: true };

  readonly subscribe = this.#state.subscribe;
  readonly getSnapshot = this.#state.getSnapshot;
  readonly dismissNotice = this.#notices.dismiss;
  readonly hostControls: HostControls;

  constructor(signaling: Signaling, openCall: OpenCall) {
    this.#signaling = signaling;
    this.#openCall = openCall;
    this.hostControls = new HostControls(signaling, this.#notices.report);
    this.#media = new LocalMedia({
      state: this.#state,
      queue: this.#queue,
      publisher: () => this.#call?.publisher,
      notify: this.#notices.say,
      report: this.#notices.report,
    });
    this.#room = new RoomView(signaling, this.#state, () => this.#call);
    this.#listen();
  }

  /** Opens a new room and enters it. */
  create(wishes: CreateRoom, takeTracks: TakeTracks = () => ({})): Promise<void> {
    const ask = (displayName?: string) => this.#signaling.request('createRoom', { ...wishes, displayName });
    return this.#enterFirst(wishes.displayName, takeTracks, ask);
  }

  /** Enters a room that exists, as a host where this tab was one. */
  join(wishes: JoinRoom, takeTracks: TakeTracks = () => ({})): Promise<void> {
    const tokens = recallSeat(wishes.roomId);
    const ask = (displayName?: string) => this.#signaling.request('joinRoom', { ...wishes, ...tokens, displayName });
    return this.#enterFirst(wishes.displayName, takeTracks, ask, tokens.hostToken);
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
    this.#call?.subscriber.attached(producerId).catch(this.#notices.report);
  }

  /** Tiles of remote cameras have this height, in device pixels: nobody needs more. */
  showCamerasAt(tileHeight: number): void {
    this.#view = { ...this.#view, tileHeight };
    this.#call?.subscriber.showCamerasAt(tileHeight);
  }

  /** Whether the person sees the page. */
  setWatching(watching: boolean): void {
    this.#view = { ...this.#view, watching };
    this.#call?.subscriber.setWatching(watching).catch(this.#notices.report);
  }

  /** The network is there again, as far as the browser knows. */
  reconnect(): void {
    this.#signaling.reconnect();
  }

  /** The page goes, perhaps for good: the seat is given up, because nobody is there. */
  stepOut(): void {
    if (!this.#seat || !isInRoom(this.#state.getSnapshot())) return;
    rememberSeat(this.#seat);
    this.#loseSeat();
    if (this.#signaling.connected) this.#signaling.request('leaveRoom').catch(() => undefined);
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
      await this.#leaveRoom();
      this.#signaling.close();
    });
  }

  /** What the room's own facts mean is in `RoomView`, which hears them first. */
  #listen(): void {
    this.#signaling.on('connected', () => void this.#queue.run(() => this.#comeBack()));
    this.#signaling.on('disconnected', () => {
      this.#disconnects += 1;
      this.#lost();
    });
    this.#signaling.on('roomClosed', (closed) => this.#roomClosed(closed));
    this.#signaling.on('rejoinToken', ({ rejoinToken }) => {
      if (this.#seat) this.#takeSeat({ ...this.#seat, rejoinToken });
    });
    this.#signaling.on('roomProducersChanged', () => void this.#queue.run(() => this.#follow()));
  }

  async #enterFirst(
    name: string | undefined,
    takeTracks: TakeTracks,
    ask: (displayName?: string) => Promise<Entered>,
    hostToken?: string,
  ): Promise<void> {
    const displayName = name?.trim() || undefined;
    this.#state.update({ phase: 'joining', displayName });
    try {
      await this.#queue.run(async () => {
        await this.#signaling.connect();
        await this.#enter(() => ask(displayName), hostToken);
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
    const backoff = new Backoff(500, 3000);
    for (let attempt = 1; this.#state.getSnapshot().phase === 'reconnecting'; attempt += 1) {
      const seat = this.#seat;
      if (!this.#signaling.connected || !seat) return;
      try {
        if (!(await this.#resume(seat))) await this.#enter(() => rejoin(this.#signaling, seat), seat.hostToken);
        await this.#settleIn();
        return;
      } catch (error) {
        const verdict = judge(error);
        if (verdict === 'wait') return;
        if (verdict === 'stop' || attempt >= RETURN_ATTEMPTS) {
          this.#close(sentence(error));
          return;
        }
        if (verdict === 'leave') await this.#leaveRoom();
        await new Promise((resolve) => setTimeout(resolve, backoff.next()));
      }
    }
  }

  /** Goes on with the same transports, producers and consumers; false when only joining anew helps. */
  async #resume(seat: Seat): Promise<boolean> {
    const call = this.#call;
    if (!call) return false;
    const disconnects = this.#disconnects;
    const resumed = await resume(this.#signaling, seat);
    this.#mustBeHere(disconnects);
    if (!resumed) {
      this.#loseSeat();
      return false;
    }
    this.#sitDown(resumed, seat.hostToken);
    try {
      await Promise.all([call.publisher.takeUp(resumed.kept, this.#room.own), call.subscriber.takeUp(resumed.kept)]);
    } catch {
      this.#mustBeHere(disconnects);
      this.#loseSeat();
      await this.#leaveRoom();
      return false;
    }
    this.#mustBeHere(disconnects);
    return true;
  }

  /** Asks to be let in and loads a fresh device; the previous call, if any, ends here. */
  async #enter(ask: () => Promise<Entered>, hostToken?: string): Promise<void> {
    const disconnects = this.#disconnects;
    const entered = await ask();
    this.#mustBeHere(disconnects);
    this.#sitDown(entered, 'hostToken' in entered ? entered.hostToken : hostToken);
    const call = await this.#openCall(entered.rtpCapabilities, () => this.#transportFailed(call));
    try {
      this.#mustBeHere(disconnects);
    } catch (error) {
      closeCall(call);
      throw error;
    }
    closeCall(this.#call);
    this.#call = call;
    const { watching, tileHeight } = this.#view;
    await call.subscriber.setWatching(watching);
    if (tileHeight) call.subscriber.showCamerasAt(tileHeight);
  }

  /** Nobody left, and the connection that was asked is still the one there is. */
  #mustBeHere(disconnects: number): void {
    if (this.#state.getSnapshot().phase !== 'closed' && disconnects === this.#disconnects) return;
    throw new SignalingError('disconnected', 'The connection to the server was lost while joining. Try again.');
  }

  /** Takes over what the server says of room and seat, before any fact that follows. */
  #sitDown(entered: Entered, hostToken: string | undefined): void {
    const { roomId, role, session, rejoinToken } = entered;
    const { displayName } = this.#state.getSnapshot();
    this.#takeSeat({ roomId, displayName, role, session, rejoinToken, hostToken });
    this.#room.entered(entered);
  }

  #takeSeat(seat: Seat): void {
    this.#seat = seat;
    rememberSeat(seat);
  }

  async #settleIn(): Promise<void> {
    this.#state.update({ phase: 'joined' });
    this.#room.refresh();
    await this.#applyHostMutes();
    await this.#media.publishAll().catch(this.#notices.report);
    await this.#follow();
  }

  /** Brings what is sent and received in line with the newest list of producers. */
  async #follow(): Promise<void> {
    const call = this.#call;
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

  /** The server keeps nothing: what comes is joining anew. */
  #loseSeat(): void {
    if (this.#seat) this.#seat = { ...this.#seat, session: undefined };
    this.#lost();
  }

  #roomClosed({ code, reason }: RoomClosed): void {
    if (code !== 'worker_lost' && code !== 'shutting_down') return this.#close(refusal(code, reason));
    this.#loseSeat();
    // A server that stops drops the connection next; joining waits for the one that replaces it.
    if (code === 'worker_lost') void this.#queue.run(() => this.#comeBack());
  }

  #transportFailed(call: Call): void {
    if (call !== this.#call || this.#state.getSnapshot().phase !== 'joined') return;
    this.#loseSeat();
    void this.#queue.run(async () => {
      await this.#leaveRoom();
      await this.#comeBack();
    });
  }

  /** That it may fail changes nothing: the server forgets whoever is gone. */
  async #leaveRoom(): Promise<void> {
    if (this.#signaling.connected) await this.#signaling.request('leaveRoom').catch(() => undefined);
  }

  #close(closedReason?: string): void {
    if (this.#seat) giveSeatUp(this.#seat);
    this.#state.update({ phase: 'closed', closedReason, people: [] });
    this.#media.stopAll();
    closeCall(this.#call);
    this.#call = undefined;
  }
}

function isInRoom({ phase }: SessionState): boolean {
  return phase === 'joined' || phase === 'reconnecting';
}
