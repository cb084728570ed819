// What mediasoup holds, by its own account: what nobody has closed is in it, whatever the rooms believe.
import type { System } from './system';

export interface RouterDump {
  id: string;
  /** Of browsers, and the plain ones towards the composer. */
  transports: string[];
  producers: string[];
  /** Of browsers, and those towards the composer. */
  consumers: string[];
}

interface WorkerDump {
  /** Transports of browsers on the worker's shared port. */
  webRtcTransports: string[];
  routers: RouterDump[];
  /** Routers that no room has. */
  orphans: string[];
}

export interface Held {
  routers: RouterDump[];
  webRtcTransports: string[];
  orphans: string[];
}

/** Over all workers. */
export async function heldByMediasoup(system: System): Promise<Held> {
  const answer = await fetch(`http://127.0.0.1:${system.ports.sfuOps}/dump`);
  const { workers } = (await answer.json()) as { workers: WorkerDump[] };
  // A worker that has died holds nothing and says nothing.
  if (workers.length === 0) throw new Error('no media worker answers');
  return {
    routers: workers.flatMap(({ routers }) => routers),
    webRtcTransports: workers.flatMap(({ webRtcTransports }) => webRtcTransports),
    orphans: workers.flatMap(({ orphans }) => orphans),
  };
}

/** The router of the only room there is. */
export async function onlyRouter(system: System): Promise<RouterDump> {
  const { routers } = await heldByMediasoup(system);
  const [router, ...others] = routers;
  if (!router || others.length > 0) throw new Error(`there is not one router but ${routers.length}`);
  return router;
}
