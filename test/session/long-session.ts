import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import type { Upstream } from '../../bench/upstream.js';
import { planCompaction } from '../../src/harness/compaction/compaction.js';
import { summaryBlock } from '../../src/harness/compaction/summary-request.js';
import { compactInput, endCompaction } from '../../src/harness/compacting.js';
import { nextStep } from '../../src/harness/harness.js';
import { receive } from '../../src/harness/inputs.js';
import type { CompactResult, SampleResult } from '../../src/harness/activity-results.js';
import { buildRequest, buildSummaryRequest, type RequestInput } from '../../src/harness/context/request.js';
import { initialState, type Thread } from '../../src/harness/state.js';
import { sumUp } from '../../src/harness/compaction/summing-up.js';
import { beginSample, beginTurn, endSample, endTurn } from '../../src/harness/turn.js';
import { toMessages } from '../../src/harness/context/context.js';
import { createAnthropicModel } from '../../src/model/anthropic.js';
import type { MessageParam } from '../../src/model/model.js';
import { decode, newDecoder } from '../../src/session/history.js';
import { project } from '../../src/session/projection.js';
import type { ThreadRow } from '../../src/session/tables.js';
import { createTranscripts, type Transcripts } from '../../src/session/transcripts.js';
import { openDatabase } from '../../src/storage/open.js';
import { START } from '../harness/play.js';

/** A session without Temporal: its harness, its log in a real database, and a real model's API, turn by turn. */
export interface LongSession {
  /** Says it, and plays the turn to its end; what is said meanwhile comes in while the model is asked. */
  turn(text: string, meanwhile?: Meanwhile): Promise<void>;
  /** The conversation now, as a process that has just started would read it. */
  readAnew(): Promise<MessageParam[]>;
  /** The conversation now, as it is kept. */
  read(): Promise<MessageParam[]>;
  compactions: number;
  close(): Promise<void>;
}

interface Meanwhile {
  text: string;
  onTaken(): void;
}

const LIMITS = { rounds_per_turn: 100, attempts: 5, history_events: 1_000, heartbeat_timeout_ms: 4_000 };
const QUIET = { onTextStart: () => {}, onText: () => {}, onThinking: () => {} };
const PROJECTOR = {
  // What is written here is projected at once.
  hint: () => {},
  reach: async () => {},
  catchUp: async () => {},
  end: async () => {},
  close: async () => {},
};

export async function openLongSession(upstream: Upstream, window: number): Promise<LongSession> {
  const dir = mkdtempSync(join(tmpdir(), 'drover-long-'));
  const db = await openDatabase(dir);
  const model = createAnthropicModel({ apiKey: 'k', baseURL: upstream.url });
  const transcripts = createTranscripts(db, PROJECTOR);
  const history = createHistory((decoded) => project(db, cursor, decoded));
  const cursor: ThreadRow = {
    thread: START.session_id,
    run_id: 'r',
    token: null,
    last_event_id: 0,
    decoder: '{}',
    seq: 0,
  };
  let ids = 0;
  let time = START.created_at;
  const newId = (): string => `sevt_${++ids}`;
  const ports = { now: () => ++time, random: () => 0.5, newEventId: newId };
  const thread: Thread = { state: initialState(START, LIMITS), ports, entries: [] };
  const common: Omit<RequestInput, 'messages'> = {
    agent: { model: { id: 'claude-opus-5-5' }, system: 'You keep secrets.' },
    tools: [],
    workspace: { cwd: '/workspace' },
    facts: { context_window: window, max_output_tokens: 32_000, takes_system_messages: true },
  };
  const signal = new AbortController().signal;
  const write = (): Promise<void> => history.journal(thread);
  const say = (text: string): void => {
    receive(thread, newId(), [{ id: newId(), type: 'user.message', content: [{ type: 'text', text }] }]);
  };

  const sample = async (meanwhile: Meanwhile | undefined): Promise<void> => {
    const span = beginSample(thread);
    const activity = `model_${thread.state.seq}`;
    await write();
    const messages = toMessages(await transcripts.load(START.session_id, thread.state.seq));
    const outcome = await model.sample(buildRequest({ ...common, messages }), QUIET, signal);
    if (meanwhile !== undefined) {
      say(meanwhile.text);
      meanwhile.onTaken();
      await write();
    }
    const rest = { ids: { message: newId(), thinking: newId() }, offered: [], window, cost: '1' };
    const result: SampleResult = outcome.type === 'failed' ? outcome : { ...outcome, ...rest };
    history.complete(activity, result);
    endSample(thread, span, activity, result);
  };
  const compact = async (): Promise<void> => {
    const span = beginSample(thread);
    const { up_to, tokens, tries } = compactInput(thread);
    const activity = `compact_${up_to}`;
    await write();
    const context = await transcripts.load(START.session_id, up_to);
    const plan = planCompaction({ context, upTo: up_to, window, tokens, tries });
    const summed = await sumUp(plan, (messages) =>
      model.sample(buildSummaryRequest({ ...common, messages }), QUIET, signal),
    );
    const { through, words, system } = plan;
    const result: CompactResult =
      summed.type === 'told'
        ? { type: 'summary', through, content: [summaryBlock(summed.text)], words, system, usage: summed.usage }
        : summed;
    if (result.type === 'summary') session.compactions += 1;
    history.complete(activity, result);
    endCompaction(thread, span, activity, result);
  };
  const session: LongSession = {
    compactions: 0,
    async turn(text, meanwhile) {
      say(text);
      let left = meanwhile;
      for (;;) {
        const step = nextStep(thread.state);
        if (step.type === 'wait') return write();
        if (step.type === 'begin_turn') beginTurn(thread);
        else if (step.type === 'end_turn') endTurn(thread);
        else if (step.type === 'compact') await compact();
        else if (step.type === 'sample') {
          await sample(left);
          left = undefined;
        } else throw new Error(`an unexpected step: ${step.type}`);
        await write();
      }
    },
    readAnew: () => messagesOf(createTranscripts(db, PROJECTOR), thread),
    read: () => messagesOf(transcripts, thread),
    async close() {
      await db.destroy();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return session;
}

async function messagesOf(transcripts: Transcripts, { state }: Thread): Promise<MessageParam[]> {
  return toMessages(await transcripts.load(START.session_id, state.seq));
}

/** Writes what a workflow would into Temporal's history, and hands on what is decoded from it. */
function createHistory(take: (decoded: ReturnType<typeof decode>) => Promise<unknown>) {
  const decoder = newDecoder();
  let eventId = 0;
  const read = (event: object): ReturnType<typeof decode> =>
    decode(decoder, temporal.api.history.v1.HistoryEvent.fromObject({ eventId: ++eventId, ...event }));
  return {
    complete(activityId: string, result: object): void {
      read({ activityTaskScheduledEventAttributes: { activityId } });
      read({ activityTaskCompletedEventAttributes: { scheduledEventId: eventId, result: payloadsOf(result) } });
    },
    async journal(thread: Thread): Promise<void> {
      const batch = thread.entries.splice(0);
      if (batch.length === 0) return;
      const markerName = 'core_local_activity';
      await take(read({ markerRecordedEventAttributes: { markerName, details: { result: payloadsOf(batch) } } }));
    },
  };
}

function payloadsOf(value: unknown): object {
  return { payloads: [{ data: Buffer.from(JSON.stringify(value)) }] };
}
