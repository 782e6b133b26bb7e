import { isDeepStrictEqual } from 'node:util';
import type { EventHead, JournalEntry } from '../../src/session/journal.js';

/** What is wrong with a whole log, in words; nothing when it keeps every promise of `journal.ts` and of the contract. */
export function faultsOf(entries: JournalEntry[]): string[] {
  return [
    ...order(entries),
    ...summaries(entries),
    ...calls(entries),
    ...queue(entries),
    ...spans(entries),
    ...evaluations(entries),
    ...statuses(entries),
  ];
}

function order(entries: JournalEntry[]): string[] {
  return entries.flatMap((entry, index) => [
    ...(entry.seq === index + 1 ? [] : [`entry ${index + 1} has seq ${entry.seq}`]),
    ...(entry.at >= (entries[index - 1]?.at ?? 0) ? [] : [`entry ${entry.seq} goes back in time`]),
  ]);
}

/** Each stands for what came before it, and for more than the last did; its event comes right after it. */
function summaries(entries: JournalEntry[]): string[] {
  let last = 0;
  return entries.flatMap((entry, index) => {
    if (entry.kind !== 'summary') return [];
    const before = last;
    last = entry.through;
    const next = entries[index + 1];
    return [
      ...(entry.through > before && entry.through < entry.seq ? [] : [`entry ${entry.seq} sums up ${entry.through}`]),
      ...(next?.kind === 'event' && next.event.type === 'agent.thread_context_compacted' ? [] : ['not said']),
    ];
  });
}

function eventsOf(entries: JournalEntry[]): EventHead[] {
  return entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []));
}

/** Calls that the log has not answered: by the session, or by who owns the tool. */
function calls(entries: JournalEntry[]): string[] {
  const faults: string[] = [];
  const open = new Set<string>();
  const custom = new Set<string>();
  const ids = new Set<string>();
  let awaited: string[] = [];
  for (const event of eventsOf(entries)) {
    if (ids.has(event.id)) faults.push(`event ${event.id} twice`);
    ids.add(event.id);
    if (event.type === 'agent.tool_use') open.add(event.id);
    if (event.type === 'agent.custom_tool_use') custom.add(event.id);
    if (event.type === 'user.custom_tool_result') custom.delete(String(event['custom_tool_use_id']));
    if (event.type === 'agent.tool_result' && !open.delete(String(event['tool_use_id']))) {
      faults.push(`a result of ${String(event['tool_use_id'])} that is not awaited`);
    }
    if (event.type === 'session.status_idle') {
      awaited = awaitedBy(event);
      const unsaid = [...open, ...custom].filter((id) => !awaited.includes(id));
      const unfounded = awaited.filter((id) => !open.has(id) && !custom.has(id));
      // The end of a turn closes what custom tools have not answered; a pause names all that is open.
      if (awaited.length > 0 && unsaid.length + unfounded.length > 0) faults.push(`idle names ${awaited.join()}`);
      if (awaited.length === 0 && open.size > 0) faults.push(`idle with open calls ${[...open].join()}`);
      if (awaited.length === 0) custom.clear();
    }
  }
  return [...faults, ...[...open].filter((id) => !awaited.includes(id)).map((id) => `no result of ${id}`)];
}

function awaitedBy(idle: EventHead): string[] {
  // Written by `status.ts`.
  const reason = idle['stop_reason'] as { type: string; event_ids?: string[] };
  return reason.event_ids ?? [];
}

function queue(entries: JournalEntry[]): string[] {
  const faults: string[] = [];
  const queued = new Map<string, string>();
  for (const entry of entries) {
    if (entry.kind === 'event' && entry.queued === true) queued.set(entry.event.id, entry.event.type);
    if (entry.kind === 'processed' && !queued.delete(entry.id)) faults.push(`${entry.id} processed, but not queued`);
  }
  const events = eventsOf(entries);
  // What a session that is over had not taken up stays as it is, and so does what waits for a budget or for an answer.
  const isOver = events.some(({ type }) => type === 'session.status_terminated' || type === 'session.deleted');
  const isHeld = JSON.stringify(events.findLast(({ type }) => type === 'session.status_idle')?.['stop_reason'] ?? '');
  if (isOver || /budget_reached|requires_action/.test(isHeld)) return faults;
  // A system message starts no turn: it waits for the next.
  const left = [...queued].filter(([, type]) => type !== 'system.message');
  return [...faults, ...left.map(([id]) => `${id} never processed`)];
}

function spans(entries: JournalEntry[]): string[] {
  const faults: string[] = [];
  let open: string | undefined;
  for (const event of eventsOf(entries)) {
    if (event.type === 'span.model_request_start') {
      if (open !== undefined) faults.push(`${event.id} starts inside ${open}`);
      open = event.id;
    } else if (event.type === 'span.model_request_end') {
      if (event['model_request_start_id'] !== open) faults.push(`${event.id} ends what has not begun`);
      open = undefined;
    } else if (open !== undefined && event.type.includes('status_')) faults.push(`${event.type} inside a span`);
  }
  return open === undefined ? faults : [...faults, `${open} never ends`];
}

/** One outcome at a time, and each evaluation with its one end; of an outcome that is given up before one began, only that. */
function evaluations(entries: JournalEntry[]): string[] {
  const faults: string[] = [];
  let outcome: { id: unknown; iteration: number } | undefined;
  let open: string | undefined;
  for (const event of eventsOf(entries)) {
    const { id, type, result } = event;
    if (type === 'user.define_outcome') {
      if (outcome) faults.push(`${id} defines an outcome beside ${String(outcome.id)}`);
      outcome = { id: event['outcome_id'], iteration: 0 };
    } else if (type.startsWith('span.outcome_')) {
      const isOf = event['outcome_id'] === outcome?.id && event['iteration'] === outcome?.iteration;
      if (!outcome || !isOf) faults.push(`${id} is of another outcome`);
      if (type === 'span.outcome_evaluation_ongoing' && open === undefined) faults.push(`${id} is of no evaluation`);
    }
    if (type === 'span.outcome_evaluation_start') {
      if (open !== undefined) faults.push(`${id} begins an evaluation inside ${open}`);
      open = id;
    } else if (type === 'span.outcome_evaluation_end') {
      if (event['outcome_evaluation_start_id'] !== (open ?? '')) faults.push(`${id} ends another evaluation`);
      if (open === undefined && result !== 'interrupted') faults.push(`${id} judges without an evaluation`);
      if (result === 'needs_revision' && outcome) outcome.iteration += 1;
      else outcome = undefined;
      open = undefined;
    }
    const isHeld = JSON.stringify(event['stop_reason']) === '{"type":"budget_reached"}';
    if (type === 'session.status_idle' && open !== undefined && !isHeld)
      faults.push(`${id} comes while ${open} is open`);
    if (type === 'session.status_terminated' && outcome) faults.push(`${id} leaves ${String(outcome.id)} open`);
  }
  return faults;
}

const FOLLOWS: Record<string, string[]> = {
  idle: ['idle', 'running', 'terminated', 'deleted'],
  running: ['idle', 'rescheduled', 'terminated'],
  rescheduled: ['running', 'idle', 'terminated'],
  terminated: [],
  deleted: [],
};

/** Contract: behaviours §1.1, events §4. */
function statuses(entries: JournalEntry[]): string[] {
  const faults: string[] = [];
  const events = eventsOf(entries);
  let status = 'idle';
  for (const [index, event] of events.entries()) {
    const next = /^session\.(?:status_)?(idle|running|rescheduled|terminated|deleted)$/.exec(event.type)?.[1];
    if (next === undefined) {
      // A call that was denied, or that is closed with its turn, is answered while nothing runs.
      const isAnswer = event.type === 'agent.tool_result' && event['is_error'] === true;
      // And so is an outcome ended that is given up.
      const isGivenUp = event.type === 'span.outcome_evaluation_end' && event['result'] === 'interrupted';
      const isWork = (event.type.startsWith('agent.') && !isAnswer) || (event.type.startsWith('span.') && !isGivenUp);
      if (isWork && status !== 'running') faults.push(`${event.type} while ${status}`);
      if (status === 'deleted') faults.push(`${event.type} after the end`);
      continue;
    }
    if (!FOLLOWS[status]?.includes(next)) faults.push(`${status} → ${next}`);
    status = next;
    faults.push(...mirrorFaults(events, index, next));
  }
  const threads = events.filter(({ type }) => type.startsWith('session.thread_status_')).length;
  const sessions = events.filter(({ type }) => type.startsWith('session.status_')).length;
  return threads === sessions ? faults : [...faults, `${threads} thread statuses for ${sessions} of the session`];
}

/** What stands right beside a status event. */
function mirrorFaults(events: EventHead[], index: number, status: string): string[] {
  const at = (offset: number): EventHead | undefined => events[index + offset];
  const isThread = (event: EventHead | undefined): boolean =>
    event?.type === `session.thread_status_${status}` &&
    event['session_thread_id'] === 'sthr_1' &&
    event['agent_name'] === 'coder';
  switch (status) {
    case 'running':
      return isThread(at(1)) ? [] : ['running without its thread'];
    case 'idle': {
      const reasons = [at(0), at(-2)].map((event) => [event?.['stop_reason'], event?.['stop_details']]);
      const isHeld = isDeepStrictEqual(at(0)?.['stop_reason'], { type: 'budget_reached' });
      const isSame = isHeld || isDeepStrictEqual(reasons[0], reasons[1]);
      const isRight = isThread(at(-2)) && at(-1)?.type === 'session.usage' && isSame;
      return isRight ? [] : ['idle without its thread and usage'];
    }
    case 'rescheduled':
    case 'terminated':
      return isThread(at(-1)) ? [] : [`${status} without its thread`];
    default:
      return [];
  }
}
