import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import { adopt } from './embedded-adopt.js';
import { boundServerLog } from './embedded-log.js';
import { choosePorts } from './embedded-ports.js';
import type { ServerProcess } from './embedded-process.js';
import { readRecord, writeRecord } from './embedded-record.js';
import type { Ports } from './embedded-record.js';
import type { TemporalServer } from './embedded-server.js';
import { startProcess } from './embedded-start.js';

export interface EmbeddedOptions {
  /** The `temporal` binary. */
  binary: string;
  dataDir: string;
  /** Gets one line for each thing a person should know. */
  log: (line: string) => void;
  /** Default: those of the last time, else free ones. */
  ports?: Ports;
}

/**
 * Runs a Temporal server on `<dataDir>/temporal.db`, of which the caller holds the directory's lock.
 *
 * 1. There is never more than one server per directory: one that a killed drover left behind is adopted.
 * 2. It outlives us unless `stop` is called, and is started again, on the same ports, when it dies before.
 * 3. Its namespace is `default`, prepared at every start as `prepareNamespace` says.
 */
export async function startTemporal(options: EmbeddedOptions): Promise<TemporalServer> {
  const server = { ...options, dataDir: resolve(options.dataDir) };
  const unboundLog = boundServerLog(server.dataDir);
  const adopted = await adopt(server);
  const { ports, process } = adopted ?? (await startFirst(server));
  const supervision = supervise(server, ports, process);
  return {
    address: `127.0.0.1:${ports.port}`,
    uiUrl: `http://127.0.0.1:${ports.uiPort}`,
    get pid() {
      return supervision.current().pid;
    },
    onRestart: (listener) => supervision.onRestart(listener),
    async stop() {
      await supervision.stop();
      unboundLog();
    },
  };
}

const ATTEMPTS = 3;
const GRACE_MS = 5000;
const MAX_PAUSE_MS = 5000;

async function startFirst(options: EmbeddedOptions): Promise<{ ports: Ports; process: ServerProcess }> {
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(options.ports ?? readRecord(options.dataDir));
    try {
      return { ports, process: await startProcess(options, ports) };
    } catch (error) {
      // It picks further ports by itself, and another process may be faster to bind one of them.
      if (attempt === ATTEMPTS || !String(error).includes('address already in use')) throw error;
    }
  }
}

interface Supervision {
  current(): ServerProcess;
  onRestart(listener: () => void): void;
  stop(): Promise<void>;
}

function supervise(options: EmbeddedOptions, ports: Ports, first: ServerProcess): Supervision {
  let current = first;
  const listeners: (() => void)[] = [];
  const stopping = new AbortController();
  const watching = watch();

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await current.ended(stopping.signal);
      if (stopping.signal.aborted) return;
      options.log(`the Temporal server (pid ${current.pid}) died: starting it again`);
      const next = await startAgain(options, ports, stopping.signal);
      if (!next) return;
      current = next;
      if (stopping.signal.aborted) return;
      options.log(`the Temporal server answers again (pid ${current.pid})`);
      for (const listener of listeners) listener();
    }
  }

  return {
    current: () => current,
    onRestart: (listener) => void listeners.push(listener),
    async stop() {
      stopping.abort();
      // Not before a start that is under way has come to its end: it would leave its process behind.
      await watching;
      await current.end(GRACE_MS);
      writeRecord(options.dataDir, { ...ports, process: null });
    },
  };
}

/** Tries until it runs or we stop; the pauses grow to 5 s. */
async function startAgain(
  options: EmbeddedOptions,
  ports: Ports,
  stopping: AbortSignal,
): Promise<ServerProcess | undefined> {
  for (let pause = 100; !stopping.aborted; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    try {
      return await startProcess(options, ports);
    } catch (error) {
      options.log(`the Temporal server does not start: ${isNativeError(error) ? error.message : String(error)}`);
    }
    await sleep(pause, undefined, { signal: stopping, ref: false }).catch(() => {});
  }
  return undefined;
}
