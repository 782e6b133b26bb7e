import { readFileSync } from 'node:fs';
import { StartError } from '../../config/start-error.js';
import { serverArguments } from './embedded-flags.js';
import { openServerLog } from './embedded-log.js';
import { launch } from './embedded-process.js';
import type { ServerProcess } from './embedded-process.js';
import { connectWhenReady } from './embedded-ready.js';
import { commandOf, writeRecord } from './embedded-record.js';
import type { Ports } from './embedded-record.js';

export interface Start {
  binary: string;
  dataDir: string;
}

/** Starts the server and resolves when it answers and its namespace is prepared. Throws a StartError with the end of its log when it does not. */
export async function startProcess({ binary, dataDir }: Start, ports: Ports): Promise<ServerProcess> {
  const args = serverArguments(dataDir, ports);
  // Written first: whoever is killed after the spawn and before the next line has left a trace to search by.
  writeRecord(dataDir, { ...ports, process: 'starting' });
  const log = openServerLog(dataDir);
  const started = await launch(binary, args, log.fd).finally(() => log.close());
  if (!started) throw new StartError(failure(log.path));
  const { pid, startTime } = started;
  writeRecord(dataDir, { ...ports, process: { pid, startTime, command: commandOf(binary, args) } });
  if (await answers(started, ports, START_MS)) return started;
  const why = failure(log.path);
  await started.end(0);
  throw new StartError(why);
}

/** Whether the server answers within that time; prepares its namespace when it does. */
export async function answers(server: ServerProcess, ports: Ports, timeoutMs: number): Promise<boolean> {
  const connection = await connectWhenReady(`127.0.0.1:${ports.port}`, {
    timeoutMs,
    isAlive: () => server.isAlive(),
  });
  if (!connection) return false;
  try {
    // Loaded here, beside the server's own start: it takes as long as the server does.
    const { prepareNamespace } = await import('./namespace.js');
    await prepareNamespace(connection, 'default');
    return true;
  } finally {
    await connection.close();
  }
}

const START_MS = 30_000;
const TAIL_BYTES = 1500;

function failure(logPath: string): string {
  const tail = readFileSync(logPath, 'utf8').slice(-TAIL_BYTES).trim();
  return `the Temporal server did not start; the end of ${logPath}:\n${tail || '(nothing)'}`;
}
