import { realpathSync } from 'node:fs';
import { type Backend, type Backends, findBackends } from './drive/backends.js';
import { type DroverProcess, startDrover } from './drive/drover-process.js';
import { startFloor } from './drive/floor-process.js';
import { type Host, hostOf, hostOfFloor } from './drive/host.js';
import { startUpstreamProcess, type UpstreamProcess } from './drive/upstream-process.js';

/** What the measures work with. Everything it starts ends with it. */
export interface Lab {
  upstream: UpstreamProcess;
  backends: Backends;
  isQuick: boolean;
  /** How many samples to take: so many in a full run, a few in a quick one. */
  count(full: number): number;
  /** The turn that the long session is measured at. */
  longTurns: number;
  /** The Drover that most measures share, on the first backend there is. */
  drover(): Promise<Host>;
  /** The floor, over that Drover's Temporal server. */
  floor(): Promise<Host>;
  /** A Drover of the measure's own; `stop` it to be rid of it early. */
  start(backend?: Backend, env?: NodeJS.ProcessEnv): Promise<DroverProcess>;
  /** Of the Temporal server that was used; null before the first Drover. */
  temporalBinary(): string | null;
  close(): Promise<void>;
}

export interface LabOptions {
  isQuick: boolean;
  longTurns: number;
}

export async function openLab({ isQuick, longTurns }: LabOptions): Promise<Lab> {
  const upstream = await startUpstreamProcess();
  const ends = [() => upstream.stop()];
  const backends = findBackends();
  let temporalBinary: string | null = null;
  const start = async (backend = first(backends), env: NodeJS.ProcessEnv = {}): Promise<DroverProcess> => {
    const drover = await startDrover({ upstreamUrl: upstream.url, backend, env });
    temporalBinary ??= realpathSync(`/proc/${drover.temporal().pid}/exe`);
    ends.push(() => drover.stop());
    return drover;
  };
  const shared = once(start);
  return {
    upstream,
    backends,
    isQuick,
    count: (full) => (isQuick ? Math.max(2, Math.round(full / 20)) : full),
    longTurns,
    drover: once(async () => hostOf(await shared())),
    floor: once(async () => {
      const { address, pid } = (await shared()).temporal();
      const child = await startFloor(address);
      ends.push(() => child.stop());
      return hostOfFloor(child, pid);
    }),
    start,
    temporalBinary: () => temporalBinary,
    async close() {
      // What depends on something else was started after it.
      for (const end of ends.splice(0).toReversed()) await end();
    },
  };
}

function first({ available }: Backends): Backend {
  const [backend] = available;
  if (!backend) throw new Error('this machine has neither bubblewrap nor Docker: drover does not start here');
  return backend;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
