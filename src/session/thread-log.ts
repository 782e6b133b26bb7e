import type { Blobs } from './blobs.js';
import { fold, newSessionState } from './fold.js';
import { decode, newDecoder, type LogEntry } from './history.js';
import type { HistoryReader } from './history-reader.js';
import { forcedEnd } from './projection.js';
import { withBodies } from './reading.js';
import type { SessionStart, SessionState } from './session.js';

/** A thread's log as its history alone tells it. */
export interface ThreadLog {
  start: SessionStart;
  entries: LogEntry[];
}

export interface ThreadLogDeps {
  history: HistoryReader;
  blobs: Blobs;
}

/** Decodes all that is committed of a thread, over all its runs; undefined when Temporal knows no such thread. */
export async function readThreadLog(deps: ThreadLogDeps, thread: string): Promise<ThreadLog | undefined> {
  const entries: LogEntry[] = [];
  let start: SessionStart | undefined;
  let runId = await deps.history.firstRun(thread);
  while (runId !== undefined) {
    const run = await readRun(deps, thread, runId);
    start ??= run.start;
    entries.push(...run.entries);
    if (start && run.forcedAt !== undefined && stateOf({ start, entries }).status !== 'terminated') {
      entries.push(forcedEnd(runId, (entries.at(-1)?.seq ?? 0) + 1, run.forcedAt));
    }
    runId = run.next;
  }
  return start && { start, entries };
}

/** The session's state after these entries. */
export function stateOf({ start, entries }: ThreadLog): SessionState {
  return entries.reduce(
    (state, entry) => (entry.kind === 'event' ? fold(state, entry.event, entry.at) : state),
    newSessionState(start),
  );
}

interface Run {
  start: SessionStart | undefined;
  entries: LogEntry[];
  next: string | undefined;
  /** When it was ended from outside, in ms. */
  forcedAt: number | undefined;
}

async function readRun(deps: ThreadLogDeps, thread: string, runId: string): Promise<Run> {
  const { signal } = new AbortController();
  const end = await deps.history.length(thread, runId);
  let run = newRun();
  let decoder = newDecoder();
  let token: Uint8Array | null = null;
  for (let last = 0; last < end;) {
    const page = await deps.history.read(thread, runId, token, signal);
    if (page.fromStart) [run, decoder] = [newRun(), newDecoder()];
    for (const event of page.events) {
      last = Number(event.eventId);
      for (const item of decode(decoder, event)) {
        const whole = await withBodies(deps, thread, item);
        if (whole.type === 'start') run.start = whole.start;
        if (whole.type === 'entry') run.entries.push(whole.entry);
        if (whole.type === 'next_run') run.next = whole.runId;
        if (whole.type === 'end' && whole.forced) run.forcedAt = whole.at;
      }
    }
    token = page.token;
    if (token === null) break;
  }
  return run;
}

function newRun(): Run {
  return { start: undefined, entries: [], next: undefined, forcedAt: undefined };
}
