import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SessionEvent } from '../../src/session/session.js';
import { describeList } from './chaos-session.js';

/** What is true of every list at rest, whatever happened on the way; throws with the list when it is not. */
export function checkList(list: SessionEvent[]): void {
  const faults = [...twice(list), ...calls(list), ...spans(list), ...statuses(list)];
  if (list.some((event) => !event.processed_at)) faults.push('an input is still queued');
  if (faults.length > 0) throw new Error(`${faults.join('\n')}\n${describeList(list)}`);
}

function twice(list: SessionEvent[]): string[] {
  const ids = list.map(({ id }) => id);
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is listed twice`);
}

function calls(list: SessionEvent[]): string[] {
  const faults: string[] = [];
  const results = list.flatMap((event) => (event.type === 'agent.tool_result' ? [event.tool_use_id] : []));
  const uses = list.flatMap((event) => (event.type === 'agent.tool_use' ? [event.id] : []));
  for (const id of uses) {
    const count = results.filter((of) => of === id).length;
    if (count !== 1) faults.push(`tool use ${id} has ${count} results`);
  }
  for (const id of results) if (!uses.includes(id)) faults.push(`a result of ${id}, which was never called`);
  return faults;
}

function spans(list: SessionEvent[]): string[] {
  const faults: string[] = [];
  const open = new Set<string>();
  for (const event of list) {
    if (event.type === 'span.model_request_start' || event.type === 'span.outcome_evaluation_start') open.add(event.id);
    const ended = endedBy(event);
    if (ended !== undefined && !open.delete(ended)) faults.push(`${event.id} ends a span that is not open`);
  }
  return [...faults, ...[...open].map((id) => `span ${id} never ends`)];
}

/** The start that an end names. An evaluation that is interrupted before it began has none. */
function endedBy(event: SessionEvent): string | undefined {
  if (event.type === 'span.model_request_end') return event.model_request_start_id;
  if (event.type !== 'span.outcome_evaluation_end') return undefined;
  return event.outcome_evaluation_start_id === '' ? undefined : event.outcome_evaluation_start_id;
}

/** Running and idle take turns, and so do the thread's; idle is said again only when it waits for something else. */
function statuses(list: SessionEvent[]): string[] {
  const faults: string[] = [];
  for (const prefix of ['session.status_', 'session.thread_status_']) {
    let last = 'idle';
    let reason = '';
    for (const event of list) {
      if (!event.type.startsWith(prefix)) continue;
      const now = event.type.slice(prefix.length);
      const why = 'stop_reason' in event ? JSON.stringify(event.stop_reason) : '';
      if (now === last && (now !== 'idle' || why === reason || reason === ''))
        faults.push(`${event.id} says ${now} again`);
      last = now;
      reason = why;
    }
    if (last !== 'idle') faults.push(`the list ends while ${prefix}${last}`);
  }
  return faults;
}

/** The log's numbers in the projection have no gap; throws when they do. */
export function checkNumbers(dataDir: string, sessionId: string): number {
  const db = new DatabaseSync(join(dataDir, 'projection.db'), { readOnly: true, timeout: 5_000 });
  try {
    const rows = db.prepare('select seq from log where thread = ? order by seq').all(sessionId);
    rows.forEach(({ seq }, index) => {
      if (seq !== index + 1) throw new Error(`entry ${index + 1} of ${sessionId} has number ${String(seq)}`);
    });
    return rows.length;
  } finally {
    db.close();
  }
}

/**
 * A list as one that another run can be compared with: ids by order of appearance, without times and durations, the
 * results of calls that ran side by side in the order of the calls.
 */
export function shapeOf(list: SessionEvent[]): string[] {
  const names = new Map<string, string>();
  return inOrderOfCalls(list).map((event) =>
    JSON.stringify(event, (key, value: unknown) => (VARYING.has(key) ? undefined : value)).replaceAll(
      /\b(sevt|sthr|sesn|outc)_\w+/g,
      (id) => names.get(id) ?? names.set(id, `#${names.size}`).get(id) ?? id,
    ),
  );
}

function inOrderOfCalls(list: SessionEvent[]): SessionEvent[] {
  const calls = list.map(({ id }) => id);
  const sorted = [...list];
  for (let end = 0; end < sorted.length; end += 1) {
    const start = end;
    while (sorted[end]?.type === 'agent.tool_result') end += 1;
    const results = resultsOf(sorted.slice(start, end));
    results.sort((one, other) => calls.indexOf(one.tool_use_id) - calls.indexOf(other.tool_use_id));
    sorted.splice(start, results.length, ...results);
  }
  return sorted;
}

/** What a session has cost counts the time that it ran, too. */
const VARYING = new Set(['processed_at', 'active_seconds', 'list_cost']);

export function textOf(event: SessionEvent | undefined): string {
  const content = event && 'content' in event && Array.isArray(event.content) ? event.content : [];
  return content.map((block) => ('text' in block && typeof block.text === 'string' ? block.text : '')).join('');
}

export function resultsOf(list: SessionEvent[]) {
  return list.flatMap((event) => (event.type === 'agent.tool_result' ? [event] : []));
}

export function ofType(list: SessionEvent[], type: SessionEvent['type']): SessionEvent[] {
  return list.filter((event) => event.type === type);
}
