import * as fc from 'fast-check';
import type { LogEntry, LoggedEvent } from '../../src/session/history.js';
import type { SessionStart } from '../../src/session/session.js';
import type { ThreadLog } from '../../src/session/thread-log.js';

/** One model request of a turn: how many tools its reply calls, and what comes in meanwhile. */
interface Round {
  calls: number;
  inputs: number;
  ms: number;
}

interface Plan {
  turns: Round[][];
  /** In these turns an outcome is defined, which is evaluated twice; or it is given up before. */
  evaluated: number[];
  abandoned: number[];
  /** Before each of these turns' first request what went before is summed up. */
  summed: number[];
  /** The last turn is still under way: its last calls have no results yet. */
  open: boolean;
}

const round = fc.record({ calls: fc.nat(3), inputs: fc.nat(2), ms: fc.nat(5_000) });
const plan: fc.Arbitrary<Plan> = fc.record({
  evaluated: fc.uniqueArray(fc.integer({ min: 0, max: 4 })),
  abandoned: fc.uniqueArray(fc.integer({ min: 0, max: 4 })),
  summed: fc.uniqueArray(fc.integer({ min: 1, max: 4 })),
  turns: fc.array(fc.array(round, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
  open: fc.boolean(),
});

/** Logs as sessions write them: queued inputs taken up later, replies with tool calls, idle ends. */
export const threadLog: fc.Arbitrary<ThreadLog> = plan.map(play);

export const START: SessionStart = {
  session_id: 'sesn_1',
  thread_id: 'sthr_1',
  agent_name: 'agent',
  title: null,
  metadata: {},
  initial_events: [],
  created_at: 1_000,
};

function play({ turns, summed, evaluated, abandoned, open }: Plan): ThreadLog {
  const writer = createWriter();
  turns.forEach((rounds, index) => {
    writer.input();
    writer.takeUp();
    if (evaluated.includes(index)) writer.event('user.define_outcome', OUTCOME);
    writer.event('session.status_running');
    if (summed.includes(index)) writer.sumUp();
    rounds.forEach((one, at) => playRound(writer, one, open && index === turns.length - 1 && at === rounds.length - 1));
    if (open && index === turns.length - 1) return;
    if (evaluated.includes(index)) evaluate(writer, abandoned.includes(index));
    writer.event('session.usage', { usage: { input_tokens: index } });
    writer.event('session.status_idle', { stop_reason: { type: 'end_turn' } });
  });
  return { start: START, entries: writer.entries };
}

const OUTCOME = { outcome_id: 'outc_1', description: 'A poem.', rubric: { type: 'text', content: 'It rhymes.' } };

function evaluate(writer: Writer, isAbandoned: boolean): void {
  const { outcome_id } = OUTCOME;
  const end = (start: string, iteration: number, result: string): unknown =>
    writer.event('span.outcome_evaluation_end', {
      outcome_evaluation_start_id: start,
      outcome_id,
      iteration,
      result,
      explanation: result,
    });
  const start = (iteration: number): string => writer.event('span.outcome_evaluation_start', { outcome_id, iteration });
  if (isAbandoned) return void end('', 0, 'interrupted');
  end(start(0), 0, 'needs_revision');
  end(start(1), 1, 'satisfied');
}

function playRound(writer: Writer, { calls, inputs, ms }: Round, isCutOff: boolean): void {
  writer.event('span.model_request_start');
  writer.wait(ms);
  const ids = writer.reply(calls);
  writer.event('agent.message', { content: [{ type: 'text', text: `after ${ms} ms` }] });
  for (let count = 0; count < calls; count += 1) writer.event('agent.tool_use', { name: 'bash', input: {} });
  for (let count = 0; count < inputs; count += 1) writer.input();
  if (isCutOff) return;
  for (const id of ids.toReversed()) writer.event('agent.tool_result', { tool_use_id: id, content: [] });
}

type Writer = ReturnType<typeof createWriter>;

function createWriter() {
  const entries: LogEntry[] = [];
  let waiting: string[] = [];
  let at = START.created_at;
  const stamp = () => ({ seq: entries.length + 1, at });
  const write = (event: LoggedEvent, queued: boolean): string => {
    entries.push({ kind: 'event', ...stamp(), queued, event });
    return event.id;
  };
  const newId = (): string => `sevt_${entries.length + 1}`;
  return {
    entries,
    wait: (ms: number) => (at += ms),
    event: (type: string, fields = {}) => write({ id: newId(), type, ...fields }, false),
    input: () => waiting.push(write({ id: newId(), type: 'user.message', content: [] }, true)),
    takeUp() {
      for (const id of waiting) entries.push({ kind: 'processed', ...stamp(), id });
      waiting = [];
    },
    reply(calls: number): string[] {
      const { seq } = stamp();
      // The reply comes first, then its message, then its calls.
      const ids = Array.from({ length: calls }, (_, index) => `sevt_${seq + 2 + index}`);
      const tool_use_ids = Object.fromEntries(ids.map((id) => [id, `toolu_${id}`]));
      entries.push({ kind: 'assistant', ...stamp(), reply: { content: [], stop_reason: 'tool_use', tool_use_ids } });
      return ids;
    },
    /** All that went before, which has no open calls. */
    sumUp() {
      const summary = { through: entries.length, content: [], words: [], system: [] };
      entries.push({ kind: 'summary', ...stamp(), summary });
    },
  };
}

/** The same entries, numbered anew: what was added or left out leaves no gap behind. */
export function renumbered(entries: LogEntry[]): LogEntry[] {
  return entries.map((entry, index) => ({ ...entry, seq: index + 1 }));
}
