import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';

export interface Patience {
  timeoutMs: number;
  /** Whether waiting on makes sense: false once the server's process is gone. */
  isAlive(): boolean;
}

/** A connection to a server that answers, as soon as it does; undefined when it did not in time. */
export async function connectWhenReady(address: string, patience: Patience): Promise<Connection | undefined> {
  const deadline = performance.now() + patience.timeoutMs;
  while (performance.now() < deadline && patience.isAlive()) {
    // gRPC waits a second after a refused connection: ask it only once the port is open.
    const connection = (await isOpen(address)) ? await tryConnect(address) : undefined;
    if (connection) return connection;
    await sleep(POLL_MS);
  }
  return undefined;
}

const POLL_MS = 15;
const ATTEMPT_MS = 1000;

function isOpen(address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  socket.setTimeout(ATTEMPT_MS, () => resolve(false));
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

async function tryConnect(address: string): Promise<Connection | undefined> {
  const { Connection } = await import('@temporalio/client');
  try {
    return await Connection.connect({ address, connectTimeout: ATTEMPT_MS });
  } catch {
    return undefined;
  }
}
