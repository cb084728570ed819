// What a person has of a room: the seat and the call on it. Entered once, resumed after a lost connection, and entered anew
// where there is nothing to resume.
import type { ObservableState } from '../observable-state';
import type { Signaling } from '../signaling/contract';
import type { RoomCreated, RoomJoined } from '../signaling/generated';
import { SignalingError, isDisconnected, type SignalingErrorCode } from '../signaling/signaling-error';
import { closeCall, type Call, type OpenCall } from './call';
import type { RoomView } from './room-view';
import { isGoneFor, rejoin, resume, type Seat } from './seat';
import { giveSeatUp, rememberSeat } from './seat-memory';
import type { SessionState } from './session-state';

type Entered = RoomCreated | RoomJoined;
/** What lets the person in again as more than a stranger. */
type Invitation = Pick<Seat, 'hostToken' | 'joinToken'>;

interface Surroundings {
  signaling: Signaling;
  openCall: OpenCall;
  state: ObservableState<SessionState>;
  room: RoomView;
  /** The call's transports are beyond mending. */
  onFailed: (held: boolean) => void;
}

export class Stay {
  readonly #around: Surroundings;
  #seat?: Seat;
  #call?: Call;
  #disconnects = 0;
  #watching = true;
  #tileHeight?: number;

  constructor(around: Surroundings) {
    this.#around = around;
    around.signaling.on('disconnected', () => (this.#disconnects += 1));
    around.signaling.on('rejoinToken', ({ rejoinToken }) => {
      if (this.#seat) this.#take({ ...this.#seat, rejoinToken });
    });
  }

  get call(): Call | undefined {
    return this.#call;
  }

  /** Asks to be let in and loads a fresh device; the previous call, if any, ends here. */
  async enter(ask: () => Promise<Entered>, invitation: Invitation): Promise<void> {
    const disconnects = this.#disconnects;
    const entered = await ask();
    this.#mustBeHere(disconnects);
    this.#sitDown(entered, 'hostToken' in entered ? { ...invitation, hostToken: entered.hostToken } : invitation);
    try {
      await this.#openCall(entered.rtpCapabilities, disconnects);
    } catch (error) {
      // Others would see a peer who is never there, for as long as this page is open.
      this.loseSeat();
      if (!isDisconnected(error)) await this.leaveRoom();
      throw error;
    }
  }

  /** Goes on with the same transports, producers and consumers, or joins anew. False when there is no seat to come back to. */
  async comeBack(): Promise<boolean> {
    if (!this.#seat) return false;
    if (await this.#resume(this.#seat)) return true;
    const seat = this.#seat;
    await this.enter(() => rejoin(this.#around.signaling, seat), seat);
    return true;
  }

  /** The server does not keep the seat: what comes is joining anew. */
  loseSeat(): void {
    if (this.#seat) this.#seat = { ...this.#seat, session: undefined };
  }

  /** The page goes; if it is loaded again soon, it shall know the room. */
  stepOut(): void {
    if (this.#seat) rememberSeat(this.#seat);
    this.loseSeat();
  }

  /** That it may fail changes nothing: the server forgets whoever is gone. */
  async leaveRoom(): Promise<void> {
    const { signaling } = this.#around;
    if (signaling.connected) await signaling.request('leaveRoom').catch(() => undefined);
  }

  /** Whether nobody comes back to the room, after a refusal or an end with this code. */
  roomIsGone(code: SignalingErrorCode | undefined): boolean {
    return isGoneFor(this.#seat, code);
  }

  /** Over for good. */
  end(): void {
    if (this.#seat) giveSeatUp(this.#seat);
    this.#seat = undefined;
    closeCall(this.#call);
    this.#call = undefined;
  }

  async setWatching(watching: boolean): Promise<void> {
    this.#watching = watching;
    await this.#call?.subscriber.setWatching(watching);
  }

  showCamerasAt(tileHeight: number): void {
    this.#tileHeight = tileHeight;
    this.#call?.subscriber.showCamerasAt(tileHeight);
  }

  async #openCall(capabilities: Entered['rtpCapabilities'], disconnects: number): Promise<void> {
    const call = await this.#around.openCall(capabilities, (held) => {
      if (call === this.#call) this.#around.onFailed(held);
    });
    try {
      await call.subscriber.setWatching(this.#watching);
      this.#mustBeHere(disconnects);
    } catch (error) {
      closeCall(call);
      throw error;
    }
    if (this.#tileHeight) call.subscriber.showCamerasAt(this.#tileHeight);
    closeCall(this.#call);
    this.#call = call;
  }

  async #resume(seat: Seat): Promise<boolean> {
    const call = this.#call;
    if (!call) return false;
    const disconnects = this.#disconnects;
    const resumed = await resume(this.#around.signaling, seat);
    this.#mustBeHere(disconnects);
    if (!resumed) {
      this.loseSeat();
      return false;
    }
    this.#sitDown(resumed, seat);
    try {
      await Promise.all([call.publisher.takeUp(resumed.kept, this.#around.room.own), call.subscriber.takeUp(resumed.kept)]);
      this.#mustBeHere(disconnects);
      return true;
    } catch {
      // Which of the two it was does not matter: with the connection gone, everything starts over.
      this.#mustBeHere(disconnects);
      this.loseSeat();
      await this.leaveRoom();
      return false;
    }
  }

  /** Nobody left, and the connection that was asked is still the one there is. */
  #mustBeHere(disconnects: number): void {
    if (this.#around.state.getSnapshot().phase !== 'closed' && disconnects === this.#disconnects) return;
    throw new SignalingError('disconnected', 'The connection to the server was lost while joining. Try again.');
  }

  /** Takes over what the server says of room and seat, before any fact that follows. */
  #sitDown(entered: Entered, { hostToken, joinToken }: Invitation): void {
    const { roomId, role, session, rejoinToken } = entered;
    const { displayName } = this.#around.state.getSnapshot();
    this.#take({ roomId, displayName, role, session, rejoinToken, hostToken, joinToken });
    this.#around.room.entered(entered);
  }

  #take(seat: Seat): void {
    this.#seat = seat;
    rememberSeat(seat);
  }
}
