// The signaling contract as TypeScript sees it: which event carries which payload and is answered with what.
import type {
  ActiveSpeaker, BroadcastStatus, Closed, Connected, ConnectTransport, Consume, Consumed, ConsumerRef, CreateRoom, JoinRoom, Left,
  Paused, PeerJoined, PeerLeft, Produce, Produced, ProducerRef, Producers, Resumed, RoomClosed, RoomCreated, RoomJoined,
  RouterCapabilities, Stopped, TransportCreated,
} from './generated';

/** Requests a browser makes. `undefined` as payload means the event is emitted with only the ack callback. */
export interface Requests {
  createRoom: { payload: CreateRoom; reply: RoomCreated };
  joinRoom: { payload: JoinRoom; reply: RoomJoined };
  getRouterRtpCapabilities: { payload: undefined; reply: RouterCapabilities };
  createProducerTransport: { payload: undefined; reply: TransportCreated };
  createConsumerTransport: { payload: undefined; reply: TransportCreated };
  connectProducerTransport: { payload: ConnectTransport; reply: Connected };
  connectConsumerTransport: { payload: ConnectTransport; reply: Connected };
  produce: { payload: Produce; reply: Produced };
  pauseProducer: { payload: ProducerRef; reply: Paused };
  resumeProducer: { payload: ProducerRef; reply: Resumed };
  closeProducer: { payload: ProducerRef; reply: Closed };
  stopProducing: { payload: undefined; reply: Stopped };
  listProducers: { payload: undefined; reply: Producers };
  consume: { payload: Consume; reply: Consumed };
  resumeConsumer: { payload: ConsumerRef; reply: Resumed };
  leaveRoom: { payload: undefined; reply: Left };
}

/** Facts the server tells unasked, and the two states of the connection itself. */
export interface Facts {
  roomProducersChanged: Producers;
  broadcastStatus: BroadcastStatus;
  activeSpeaker: ActiveSpeaker;
  peerJoined: PeerJoined;
  peerLeft: PeerLeft;
  roomClosed: RoomClosed;
  connected: undefined;
  disconnected: undefined;
}

export type RequestName = keyof Requests;
export type FactName = keyof Facts;

/** The part of the signaling client the rest of the program depends on. */
export interface Signaling {
  readonly connected: boolean;
  connect(): Promise<void>;
  request<N extends RequestName>(event: N, ...payload: PayloadOf<N>): Promise<Requests[N]['reply']>;
  on<N extends FactName>(fact: N, listener: (data: Facts[N]) => void): () => void;
  close(): void;
}

export type PayloadOf<N extends RequestName> = Requests[N]['payload'] extends undefined ? [] : [Requests[N]['payload']];
