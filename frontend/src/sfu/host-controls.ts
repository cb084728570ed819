// What a host may do in a room. What comes of it is told to everybody as a fact; a refusal becomes a notice.
import type { RequestName, PayloadOf, Signaling } from '../signaling/contract';
import type { LayoutName, TrackName, TrackSource } from '../signaling/generated';

export class HostControls {
  readonly #signaling: Signaling;
  readonly #report: (error: unknown) => void;

  constructor(signaling: Signaling, report: (error: unknown) => void) {
    this.#signaling = signaling;
    this.#report = report;
  }

  mute = (peerId: string, track: TrackName): void => this.#ask('mutePeer', { peerId, track });
  remove = (peerId: string): void => this.#ask('removePeer', { peerId });
  pin = (peerId: string, source: TrackSource): void => this.#ask('pinPeer', { peerId, source });
  unpin = (): void => this.#ask('pinPeer', {});
  lock = (locked: boolean): void => this.#ask('lockRoom', { locked });
  setLayout = (layout: LayoutName): void => this.#ask('setLayout', { layout });
  /** Ends the call for everybody. */
  end = (): void => this.#ask('endRoom');

  #ask<N extends RequestName>(event: N, ...payload: PayloadOf<N>): void {
    this.#signaling.request(event, ...payload).catch(this.#report);
  }
}
