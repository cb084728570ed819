// composer.v1.Composer as an operator calls it. The messages are described as far as the tests read them.
import { credentials, loadPackageDefinition, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import fs from 'node:fs';
import type { Certificate } from './certificate';
import { protoDir } from './places';

export interface Step {
  number: number;
  name: string;
  startedUnixMs: number;
  tookUs: number;
  outcome: string;
}

export interface InputStatus {
  inputId: string;
  participantId: string;
  state: string;
  generation: number;
  trace: Step[];
  ports: { rtpPort: number; rtcpPort: number }[];
  pid: number;
  frames: number;
  failure: string;
}

export interface BroadcastStatus {
  roomId: string;
  epoch: number;
  sequence: number;
  phase: string;
  playlistUrl: string;
  inputs: InputStatus[];
  encoder?: { pid: number; generation: number; ticks: number };
}

export interface Restarted {
  inputs: { inputId: string; participantId: string; state: string; trace: Step[] }[];
  complete: boolean;
  tookMs: number;
}

export interface Broadcasts {
  broadcasts: BroadcastStatus[];
  portsLeased: number;
  portsQuarantined: number;
}

type Call = (request: object, options: { deadline: number }, done: (error: ServiceError | null, reply: unknown) => void) => void;

interface Stub {
  getBroadcast: Call;
  listBroadcasts: Call;
  restartPipeline: Call;
  closeBroadcast: Call;
  openBroadcast: (request: object) => ClientReadableStream<BroadcastStatus>;
  close: () => void;
}

const definition = loadSync('composer/v1/composer.proto', {
  includeDirs: [protoDir],
  longs: Number,
  enums: String,
  defaults: true,
});

export class ComposerClient {
  readonly #stub: Stub;

  /** In the clear, unless it is said whom to trust; then as whoever `identity` is, if anybody. */
  constructor(address: string, tls?: { trusts: string; identity?: Certificate }) {
    const { composer } = loadPackageDefinition(definition) as unknown as {
      composer: { v1: { Composer: new (address: string, credentials: unknown, options: object) => Stub } };
    };
    // A restarted composer must be found again at once, not after gRPC's usual patience.
    const options = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 500 };
    this.#stub = new composer.v1.Composer(address, tls ? secure(tls) : credentials.createInsecure(), options);
  }

  broadcast(roomId: string): Promise<BroadcastStatus> {
    return this.#call('getBroadcast', { roomId });
  }

  /** How many inputs of a broadcast show what comes in. */
  async activeInputs(roomId: string): Promise<number> {
    const { inputs } = await this.broadcast(roomId);
    return inputs.filter(({ state }) => state === 'ACTIVE').length;
  }

  broadcasts(): Promise<Broadcasts> {
    return this.#call('listBroadcasts', {});
  }

  restartPipeline(request: { roomId: string; scope?: 'INPUTS' | 'ONE_INPUT' | 'ENCODER' | 'EVERYTHING'; input?: string }): Promise<Restarted> {
    return this.#call('restartPipeline', request);
  }

  /** Takes the claim, as sfu-server does, and holds it until the stream is cancelled. Of a broadcast nobody sends to, viewers see the slate. */
  claim(roomId: string, epoch: number): ClientReadableStream<BroadcastStatus> {
    const stream = this.#stub.openBroadcast({ roomId, epoch });
    // A claim ends with the process that granted it; who wants to know asks for the broadcast.
    stream.on('error', () => undefined);
    stream.resume();
    return stream;
  }

  closeBroadcast(roomId: string, epoch: number): Promise<unknown> {
    return this.#call('closeBroadcast', { roomId, epoch });
  }

  close(): void {
    this.#stub.close();
  }

  #call<T>(method: Exclude<keyof Stub, 'close' | 'openBroadcast'>, request: object): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#stub[method](request, { deadline: Date.now() + 20_000 }, (error, reply) => {
        if (error) reject(error);
        else resolve(reply as T);
      });
    });
  }
}

function secure({ trusts, identity }: { trusts: string; identity?: Certificate }) {
  const [key, chain] = identity ? [fs.readFileSync(identity.keyFile), fs.readFileSync(identity.certFile)] : [null, null];
  return credentials.createSsl(Buffer.from(trusts), key, chain);
}
