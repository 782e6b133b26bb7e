import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from './namespace-attributes.js';
import type { Ports } from './embedded-record.js';

/** The database's absolute path; the command line that holds it is how a server is recognised. */
export function databasePath(dataDir: string): string {
  return join(dataDir, 'temporal.db');
}

/** The arguments of `temporal` for a server that keeps sessions for years on one machine. */
export function serverArguments(dataDir: string, ports: Ports): string[] {
  const flags: [name: string, value: string][] = [
    ['--db-filename', databasePath(dataDir)],
    ['--ip', '127.0.0.1'],
    ['--port', String(ports.port)],
    ['--ui-ip', '127.0.0.1'],
    ['--ui-port', String(ports.uiPort)],
    ['--log-level', 'error'],
    ['--sqlite-pragma', 'journal_mode=WAL'],
    // Costs no more than NORMAL here, and an acknowledged event survives a power cut.
    ['--sqlite-pragma', 'synchronous=FULL'],
    ...SEARCH_ATTRIBUTES.map((name): [string, string] => ['--search-attribute', `${name}=Keyword`]),
    ...Object.entries(DYNAMIC_CONFIG).map(([key, value]): [string, string] => [
      '--dynamic-config-value',
      `${key}=${value}`,
    ]),
  ];
  return ['server', 'start-dev', '--ui-disable-news-fetch', ...flags.flat()];
}

const DYNAMIC_CONFIG: Record<string, number | boolean | string> = {
  'system.enableActivityEagerExecution': true,
  // Pushes a cancellation to the worker instead of waiting for the activity's next heartbeat.
  'frontend.WorkerCommandsEnabled': true,
  'system.enableCancelActivityWorkerCommand': true,
  // Without it history reads show workflow task events that may never be committed.
  'history.sendTransientOrSpeculativeWorkflowTaskEvents': false,
  'history.maxInFlightUpdates': 100,
  // Sessions continue as new by their own count long before; the server must not refuse a burst of input on the way.
  'history.maxTotalUpdates': 20_000,
  'limit.historyCount.suggestContinueAsNew': 2000,
  // The default of 20 a second is per shard and there is one shard: every step would wait 40 ms once 30 tasks came quickly.
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 200,
  // A history is removed once its end is noted here: every half a minute unless told otherwise.
  'history.transferProcessorUpdateAckInterval': '"2s"',
  'history.visibilityProcessorUpdateAckInterval': '"2s"',
  // Long polls on history, per namespace.
  'frontend.namespaceCount': 10_000,
  // A run that is closed earlier than this after the very first start still gets the short retention of a new database.
  'system.namespaceCacheRefreshInterval': '"1s"',
};
