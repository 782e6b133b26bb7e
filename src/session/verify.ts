import { isDeepStrictEqual } from 'node:util';
import type { LogEntry } from './history.js';
import { checkEntries } from './invariants.js';
import { listed } from './projection.js';
import type { SessionEvent, SessionState } from './session.js';
import { QUEUED, type LogRow } from './tables.js';
import { stateOf, type ThreadLog } from './thread-log.js';

/** What the projection holds of a thread, at one moment. */
export interface Projected {
  /** How far the thread's history had been read. */
  seq: number;
  rows: Pick<LogRow, 'seq' | 'kind' | 'body'>[];
  /** As the API lists it, oldest first. */
  list: SessionEvent[];
  state: SessionState | undefined;
}

/**
 * Compares a thread's history with its projection, and checks the log's own invariants: a line for each difference.
 * The history may have been read later than the projection: what came in between is not compared.
 */
export function verify(log: ThreadLog, projected: Projected): string[] {
  const entries = log.entries.filter(({ seq }) => seq <= projected.seq);
  return [
    ...checkEntries(log.entries),
    ...compareRows(entries, projected),
    ...compareLists(listOf(entries), projected.list),
    ...compareStates(stateOf({ ...log, entries }), projected),
  ];
}

/** The list of events that these entries make: processed ones in the order of that, queued ones after them. */
export function listOf(entries: LogEntry[]): SessionEvent[] {
  const processed = new Map(entries.flatMap((entry) => (entry.kind === 'processed' ? [[entry.id, entry]] : [])));
  return entries
    .flatMap((entry) => {
      if (entry.kind !== 'event') return [];
      const taken = entry.queued ? processed.get(entry.event.id) : entry;
      return [{ event: listed(entry.event, taken?.at ?? null), position: taken?.seq ?? QUEUED + entry.seq }];
    })
    .toSorted((a, b) => a.position - b.position)
    .map(({ event }) => event);
}

function compareRows(entries: LogEntry[], { rows, seq: last }: Projected): string[] {
  const differences: string[] = [];
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  for (const entry of entries) {
    const row = bySeq.get(entry.seq);
    bySeq.delete(entry.seq);
    if (row === undefined) differences.push(`entry ${entry.seq} (${nameOf(entry)}) is not in the projection`);
    else if (row.kind !== entry.kind || row.body !== bodyOf(entry)) {
      differences.push(`entry ${entry.seq} (${nameOf(entry)}) is not the same in the projection`);
    }
  }
  for (const seq of bySeq.keys()) differences.push(`the projection has an entry ${seq} that history has not`);
  if (last > (entries.at(-1)?.seq ?? 0)) differences.push(`the projection says that it was read up to entry ${last}`);
  return differences;
}

function bodyOf(entry: LogEntry): string {
  switch (entry.kind) {
    case 'event':
      return JSON.stringify(entry.event);
    case 'processed':
      return JSON.stringify({ id: entry.id });
    case 'assistant':
      return JSON.stringify(entry.reply);
    case 'summary':
      return JSON.stringify(entry.summary);
    default:
      return unreachable(entry);
  }
}

function nameOf(entry: LogEntry): string {
  return entry.kind === 'event' ? entry.event.type : entry.kind;
}

function compareLists(expected: SessionEvent[], actual: SessionEvent[]): string[] {
  const length = Math.max(expected.length, actual.length);
  for (let index = 0; index < length; index += 1) {
    const [wanted, found] = [JSON.stringify(expected[index]), JSON.stringify(actual[index])];
    // One line is enough: an event too many or too few moves all that come after it.
    if (wanted !== found) return [`event ${index + 1} of the list is ${found ?? 'missing'}, not ${wanted ?? 'there'}`];
  }
  return [];
}

function compareStates(expected: SessionState, { state, seq }: Projected): string[] {
  if (state === undefined) return seq === 0 ? [] : ['the session’s state is not in the projection'];
  const names = Object.keys(expected) as (keyof SessionState)[];
  return names.flatMap((name) => {
    // As it is stored: without fields that are undefined.
    const wanted: unknown = JSON.parse(JSON.stringify(expected[name]));
    if (isDeepStrictEqual(wanted, state[name])) return [];
    return [`the session’s ${name} is ${JSON.stringify(state[name])}, not ${JSON.stringify(wanted)}`];
  });
}

function unreachable(entry: never): never {
  throw new Error(`Unknown log entry ${JSON.stringify(entry)}`);
}
