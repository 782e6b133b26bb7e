import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { connectClient } from '../../src/temporal/connection.js';
import { databasePath } from '../../src/temporal/server/embedded-flags.js';
import { readRecord } from '../../src/temporal/server/embedded-record.js';

/** The pid of the Temporal server that runs on a data directory, if one does: the process that names its database. */
export function temporalPid(dataDir: string): number | undefined {
  const database = databasePath(dataDir);
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && commandLine(name).includes(database));
  return pid === undefined ? undefined : Number(pid);
}

/** At the Temporal server of a data directory, as an operator. */
export function connectTemporal(dataDir: string): Promise<Client> {
  return connectClient(`127.0.0.1:${readRecord(dataDir)?.port}`, 'default');
}

/** SIGKILL; resolves when it is gone, or at once when there is none. */
export async function endTemporal(dataDir: string): Promise<void> {
  const pid = temporalPid(dataDir);
  if (pid === undefined) return;
  process.kill(pid, 'SIGKILL');
  // What is dead and not yet buried has no command line any more.
  while (commandLine(String(pid)).length > 0) await sleep(5);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
