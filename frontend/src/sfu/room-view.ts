// The room as the server tells it: who is there, who sends what and how well it arrives, and how the room is set. Its facts
// become parts of the session's state.
import type { ObservableState } from '../observable-state';
import type { Signaling } from '../signaling/contract';
import type { PeerProducers, RoomCreated, RoomJoined } from '../signaling/generated';
import type { Call } from './call';
import { loudness } from './loudness';
import { remoteProducers, type RemoteProducer } from './producers-diff';
import { Roster } from './roster';
import { initialState, type SessionState } from './session-state';
import { WeakStreams, scoreOf } from './weak-streams';

export class RoomView {
  readonly #state: ObservableState<SessionState>;
  readonly #call: () => Call | undefined;
  readonly #weak: WeakStreams;
  #roster = new Roster();

  constructor(signaling: Signaling, state: ObservableState<SessionState>, call: () => Call | undefined) {
    this.#state = state;
    this.#call = call;
    this.#weak = new WeakStreams((weakPeerIds) => state.update({ weakPeerIds }));
    this.#listen(signaling);
  }

  /** Takes over what the reply to joining says; facts that follow are newer. */
  entered({ roomId, watchId, peerId, role, host, settings, peers, producers }: RoomCreated | RoomJoined): void {
    this.#roster = new Roster(peers, producers);
    // Who speaks and what is broadcast follow as facts, unless it is nobody and nothing.
    const silent = { activeSpeakerId: undefined, levels: {}, broadcast: initialState.broadcast };
    this.#state.update({ roomId, watchId, peerId, role, host, settings, ...silent });
  }

  /** What this peer sends, as the server has it. */
  get own(): PeerProducers | undefined {
    return this.#roster.producersOf(this.#state.getSnapshot().peerId);
  }

  /** All that the others send. */
  get remote(): RemoteProducer[] {
    return remoteProducers(this.#roster.producers, this.#state.getSnapshot().peerId ?? '');
  }

  /** Shows everybody with the tracks there are now. */
  refresh = (): void => {
    const { phase, peerId } = this.#state.getSnapshot();
    // While coming back the tiles keep what they showed last.
    if (phase === 'reconnecting' || phase === 'closed') return;
    this.#state.update({ people: this.#roster.people(peerId, (id, role) => this.#call()?.subscriber.trackOf(id, role)) });
  };

  /** Whatever ended is not weak any more. */
  forgetEnded(): void {
    this.#weak.keepOnly((id) => this.#sends(id) || this.#call()?.subscriber.producerOf(id) !== undefined);
  }

  #listen(signaling: Signaling): void {
    signaling.on('roomSettings', (settings) => this.#state.update({ settings }));
    signaling.on('broadcastStatus', (broadcast) => this.#state.update({ broadcast }));
    signaling.on('activeSpeaker', ({ peerId }) => this.#state.update({ activeSpeakerId: peerId }));
    signaling.on('audioLevels', ({ levels }) => this.#state.update({ levels: loudness(levels) }));
    signaling.on('peerJoined', (peer) => this.#change((roster) => roster.changed(peer)));
    signaling.on('peerChanged', (peer) => {
      if (peer.peerId === this.#state.getSnapshot().peerId) this.#state.update({ host: peer.host });
      this.#change((roster) => roster.changed(peer));
    });
    signaling.on('peerLeft', ({ peerId }) => this.#change((roster) => roster.left(peerId)));
    signaling.on('roomProducersChanged', ({ producers }) => this.#change((roster) => roster.producersChanged(producers)));
    signaling.on('consumerChanged', (consumer) => {
      const producer = this.#call()?.subscriber.producerOf(consumer.consumerId);
      if (producer) this.#weak.scored(consumer.consumerId, producer.peerId, scoreOf(consumer));
    });
    signaling.on('producerChanged', ({ producerId, score }) => {
      const { peerId } = this.#state.getSnapshot();
      if (peerId && this.#sends(producerId)) this.#weak.scored(producerId, peerId, score);
    });
  }

  #change(change: (roster: Roster) => void): void {
    change(this.#roster);
    this.refresh();
  }

  /** An own producer that is on. */
  #sends(producerId: string): boolean {
    const role = this.#call()?.publisher.roleOf(producerId);
    return role !== undefined && (role !== 'microphone' || this.#state.getSnapshot().microphone.state === 'on');
  }
}
