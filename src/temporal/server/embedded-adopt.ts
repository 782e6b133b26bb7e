import { commandOf, readRecord } from './embedded-record.js';
import type { Ports, ServerRecord } from './embedded-record.js';
import { databasePath, serverArguments } from './embedded-flags.js';
import { findByDatabase, startTimeOf } from './embedded-identity.js';
import { attach } from './embedded-process.js';
import type { ServerProcess } from './embedded-process.js';
import { answers } from './embedded-start.js';

export interface Adoption {
  binary: string;
  dataDir: string;
  log: (line: string) => void;
}

/**
 * The server that an earlier drover left running on this directory, if there is one that answers and was started as we
 * would start it. Any other one is ended: two servers on one database would destroy it.
 */
export async function adopt(adoption: Adoption): Promise<{ process: ServerProcess; ports: Ports } | undefined> {
  const record = readRecord(adoption.dataDir);
  const found = record && findProcess(record, adoption.dataDir);
  if (!found) return undefined;
  const { port, uiPort } = record;
  const ports = { port, uiPort };
  const command = commandOf(adoption.binary, serverArguments(adoption.dataDir, ports));
  if (isAsWished(record, command) && (await answers(found, ports, ANSWER_MS))) {
    adoption.log(`the Temporal server of an earlier start still runs (pid ${found.pid}): going on with it`);
    return { process: found, ports };
  }
  adoption.log(`the Temporal server of an earlier start (pid ${found.pid}) is replaced`);
  await found.end(GRACE_MS);
  return undefined;
}

const ANSWER_MS = 5000;
const GRACE_MS = 2000;

function findProcess(record: ServerRecord, dataDir: string): ServerProcess | undefined {
  if (record.process === null) return undefined;
  if (record.process !== 'starting') return attach(record.process.pid, record.process.startTime);
  const pid = findByDatabase(databasePath(dataDir));
  const startTime = pid === undefined ? undefined : startTimeOf(pid);
  return pid === undefined || startTime === undefined ? undefined : attach(pid, startTime);
}

// Left behind in the middle of its start: it was about to run this very command.
function isAsWished(record: ServerRecord, command: string): boolean {
  return record.process === 'starting' || (record.process !== null && record.process.command === command);
}
