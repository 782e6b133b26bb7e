import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import { type Blobs, createFileBlobs } from '../session/blobs.js';
import type { HistoryReader } from '../session/history-reader.js';
import { obtainTemporal } from '../temporal/server/binary.js';
import { connectClient } from '../temporal/connection.js';
import { readRecord } from '../temporal/server/embedded-record.js';
import { startTemporal } from '../temporal/server/embedded.js';
import { createHistoryReader } from '../temporal/history.js';
import { type CleanUp, createCleanUp } from './clean-up.js';
import { holderOf, openDataDirectory } from './data-directory.js';
import { checkPlace } from './store.js';

/** A data directory's histories, for a command that is not the server. */
export interface LogAccess {
  history: HistoryReader;
  blobs: Blobs;
  /** Where its rows are. */
  database: string;
  /** A server has the directory: what it knows may be ahead of what it has projected. */
  isServed: boolean;
}

/**
 * Runs `act` over the Temporal server of a data directory: the one of the drover that runs there, else one of our own
 * for that long, under the directory's lock. With `alone` only the latter: the command is going to write.
 */
export async function withLogAccess<T>(
  config: Config,
  { alone, note }: { alone: boolean; note: (line: string) => void },
  act: (access: LogAccess) => Promise<T>,
): Promise<T> {
  const { dataDir, database, temporal } = config;
  if (!existsSync(join(dataDir, 'id'))) {
    throw new StartError(`${dataDir} is not a data directory of drover: give the right one with --data`);
  }
  checkPlace(config, dataDir);
  const holder = holderOf(dataDir);
  if (holder && alone) {
    throw new StartError(
      `a drover runs on ${dataDir} (pid ${holder.pid}) and writes to its projection: stop it, then try again, then start it`,
    );
  }
  const cleanUp = createCleanUp((error) => note(`while stopping: ${String(error)}`));
  try {
    const address = holder ? addressOf(config) : await startAlone(config, note, cleanUp);
    const client = await connect(address, temporal.namespace);
    cleanUp.add(() => client.connection.close());
    const blobs = createFileBlobs(join(dataDir, 'blobs'));
    return await act({ history: createHistoryReader(client), blobs, database, isServed: holder !== undefined });
  } finally {
    await cleanUp.run();
  }
}

function addressOf({ temporal, dataDir }: Config): string {
  const record = readRecord(dataDir);
  if (temporal.address !== undefined) return temporal.address;
  if (record !== undefined) return `127.0.0.1:${record.port}`;
  throw new StartError(
    `the drover that runs on ${dataDir} uses a Temporal server of its own choice: say which with --temporal-address`,
  );
}

async function startAlone(config: Config, note: (line: string) => void, cleanUp: CleanUp): Promise<string> {
  const directory = openDataDirectory(config.dataDir);
  cleanUp.add(() => directory.close());
  if (config.temporal.address !== undefined) return config.temporal.address;
  const { path } = await obtainTemporal({ log: note });
  const server = await startTemporal({ binary: path, dataDir: config.dataDir, log: note });
  cleanUp.add(() => server.stop());
  return server.address;
}

async function connect(address: string, namespace: string): ReturnType<typeof connectClient> {
  try {
    return await connectClient(address, namespace);
  } catch (error) {
    throw new StartError(`no Temporal server answers at ${address} (${String(error)})`);
  }
}
