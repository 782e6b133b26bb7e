import type { LogEntry, LoggedEvent } from './history.js';

/**
 * What is wrong with a thread's log by itself, a line for each fault. Checks that
 *
 * 1. `seq` starts at 1 and has no gap, and times never decrease;
 * 2. an event's id is used once;
 * 3. an input is processed at most once, and only after it was queued;
 * 4. every tool use has exactly one result, after it; only a turn that is still open may lack some. What a worker sends
 *    counts as one, whenever it comes, and the first counts;
 * 5. a summary stands for what came before it, for more than the last one did, and parts no call from its result;
 * 6. one evaluation of an outcome is under way at a time, and its end names it; an end without one names none.
 */
export function checkEntries(entries: LogEntry[]): string[] {
  const faults: string[] = [];
  const check: Check = {
    faults,
    seen: new Set(),
    queued: new Set(),
    open: new Set(),
    settled: new Set(),
    replies: new Map(),
    pairs: [],
    through: 0,
    evaluation: '',
  };
  let before = { seq: 0, at: -Infinity };
  for (const entry of entries) {
    if (entry.seq !== before.seq + 1) faults.push(`entry ${before.seq} is followed by entry ${entry.seq}`);
    if (entry.at < before.at) faults.push(`entry ${entry.seq} is older than the one before it`);
    before = entry;
    if (entry.kind === 'event') checkEvent(check, entry.event, entry);
    if (entry.kind === 'assistant') noteCalls(check, entry);
    if (entry.kind === 'summary') checkSummary(check, entry.seq, entry.summary.through);
    if (entry.kind === 'processed' && !check.queued.delete(entry.id)) {
      faults.push(`entry ${entry.seq} processes ${entry.id}, which is not queued`);
    }
  }
  return faults;
}

interface Check {
  faults: string[];
  seen: Set<string>;
  /** Inputs that wait. */
  queued: Set<string>;
  /** Tool uses without a result, and with one. */
  open: Set<string>;
  settled: Set<string>;
  /** The reply that each call is of. */
  replies: Map<string, number>;
  /** Replies and the results of their calls. */
  pairs: { reply: number; result: number }[];
  /** What the last summary stands for. */
  through: number;
  /** The start of the evaluation under way; empty when there is none. */
  evaluation: string;
}

/**
 * When one of these happens, every call of the replies before has its result. Not `session.status_terminated`: a
 * workflow that is ended from outside leaves its calls open.
 */
const CALLS_ARE_OVER = new Set(['span.model_request_start', 'session.status_idle', 'session.thread_status_terminated']);

function checkEvent(check: Check, event: LoggedEvent, { seq, queued }: { seq: number; queued: boolean }): void {
  const { faults, seen, open, settled } = check;
  if (seen.has(event.id)) faults.push(`entry ${seq} uses the id ${event.id} again`);
  seen.add(event.id);
  if (queued) check.queued.add(event.id);
  if (event.type === 'agent.tool_use') open.add(event.id);
  if (event.type === 'agent.tool_result') {
    const of = String(event['tool_use_id']);
    if (settled.has(of)) faults.push(`entry ${seq} is a second result of ${of}`);
    else if (!open.delete(of)) faults.push(`entry ${seq} is a result of ${of}, which was not called`);
    settled.add(of);
    check.pairs.push({ reply: check.replies.get(of) ?? seq, result: seq });
  }
  if (event.type === 'user.tool_result') {
    const of = String(event['tool_use_id']);
    if (open.delete(of)) check.pairs.push({ reply: check.replies.get(of) ?? seq, result: seq });
    settled.add(of);
  }
  checkEvaluation(check, event, seq);
  if (!CALLS_ARE_OVER.has(event.type)) return;
  const waiting = waitedFor(event);
  for (const id of open) if (!waiting.has(id)) faults.push(`${id} has no result at entry ${seq} (${event.type})`);
  check.open = new Set([...open].filter((id) => waiting.has(id)));
}

function checkEvaluation(check: Check, event: LoggedEvent, seq: number): void {
  const { faults, evaluation } = check;
  if (event.type === 'span.outcome_evaluation_start') {
    if (evaluation !== '') faults.push(`entry ${seq} begins an evaluation inside ${evaluation}`);
    check.evaluation = event.id;
  }
  if (event.type !== 'span.outcome_evaluation_end') return;
  if (event['outcome_evaluation_start_id'] !== evaluation) faults.push(`entry ${seq} ends no evaluation under way`);
  check.evaluation = '';
}

/** Calls that the session stands still for: they come to their results later. */
function waitedFor({ stop_reason }: LoggedEvent): ReadonlySet<unknown> {
  const ids =
    typeof stop_reason === 'object' && stop_reason !== null && 'event_ids' in stop_reason && stop_reason.event_ids;
  return new Set(Array.isArray(ids) ? ids : []);
}

function noteCalls({ replies }: Check, { seq, reply }: Extract<LogEntry, { kind: 'assistant' }>): void {
  for (const id of Object.keys(reply.tool_use_ids)) replies.set(id, seq);
}

function checkSummary(check: Check, seq: number, through: number): void {
  const { faults, pairs } = check;
  if (through >= seq) faults.push(`the summary in entry ${seq} stands for entry ${through}, which comes later`);
  if (through <= check.through) faults.push(`the summary in entry ${seq} stands for no more than the one before it`);
  check.through = through;
  const parted = pairs.find(({ reply, result }) => reply <= through && through < result);
  if (parted) faults.push(`the summary in entry ${seq} parts the calls of entry ${parted.reply} from their results`);
}
