import type { Database } from '../storage/database.js';
import { append, createContext, type Context, type ContextEntry, type Summary } from '../harness/context/context.js';
import type { LoggedReply } from './history.js';
import type { SessionEvent, SessionEventType } from './journal.js';
import type { Projector } from './projector.js';
import type { LogRow } from './tables.js';

/** Conversations as models are told them, folded from the log. */
export interface Transcripts {
  /**
   * The conversation up to and including entry `seq`, which must be committed. Costs what is new since the last call, or
   * when none is remembered, what is new since its last summary.
   */
  load(thread: string, seq: number): Promise<Context>;
  forget(thread: string): void;
}

interface Kept {
  context: Context;
  seq: number;
  /** Characters of the entries that it was made of. */
  size: number;
}

/** Of all conversations that are kept, in characters: an image is a few million of them. */
const LARGEST = 64 * 1024 * 1024;
const MOST = 256;

/** Keeps the conversations that were used last in memory, as many as there is room for; the very last one in any case. */
export function createTranscripts(db: Database, projector: Pick<Projector, 'reach'>, largest = LARGEST): Transcripts {
  const kept = new Map<string, Kept>();
  const isTooMuch = (): boolean => {
    if (kept.size <= 1) return false;
    return kept.size > MOST || [...kept.values()].reduce((sum, { size }) => sum + size, 0) > largest;
  };
  return {
    async load(thread, seq) {
      await projector.reach(thread, seq);
      const known = kept.get(thread);
      const whole = (known && (await extend(db, thread, known, seq))) ?? (await fold(db, thread, seq));
      kept.delete(thread);
      kept.set(thread, whole);
      for (const oldest of kept.keys()) {
        if (!isTooMuch()) break;
        kept.delete(oldest);
      }
      return whole.context;
    },
    forget: (thread) => void kept.delete(thread),
  };
}

/** Adds what is new; nothing when the conversation cannot be extended but has to begin elsewhere. */
async function extend(db: Database, thread: string, known: Kept, seq: number): Promise<Kept | undefined> {
  // A retried request may ask for less than is kept: a fold has no way back.
  if (known.seq > seq) return undefined;
  const rows = await rowsBetween(db, thread, known.seq, seq);
  if (rows.some(({ kind }) => kind === 'summary')) return undefined;
  for (const row of rows) append(known.context, toEntry(row));
  known.seq = seq;
  known.size += sizeOf(rows);
  return known;
}

/** Begins at the last summary, or with the log. */
async function fold(db: Database, thread: string, seq: number): Promise<Kept> {
  const summary = await lastSummary(db, thread, seq);
  const context = createContext(summary);
  const through = summary?.through ?? 0;
  const rows = [...(await queuedAt(db, thread, through)), ...(await rowsBetween(db, thread, through, seq))];
  for (const row of rows) append(context, toEntry(row));
  return { context, seq, size: sizeOf(rows) };
}

function sizeOf(rows: readonly Pick<Row, 'body'>[]): number {
  return rows.reduce((sum, { body }) => sum + body.length, 0);
}

async function lastSummary(db: Database, thread: string, upTo: number): Promise<Summary | undefined> {
  const row = await db
    .selectFrom('projection.log')
    .select('body')
    .where('thread', '=', thread)
    .where('kind', '=', 'summary')
    .where('seq', '<=', upTo)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && JSON.parse(row.body);
}

type Row = Pick<LogRow, 'seq' | 'kind' | 'position' | 'body'>;

/** What a conversation is made of, and where a request tells it; other events are not the model's. */
const TOLD: SessionEventType[] = [
  'user.message',
  'system.message',
  'agent.tool_result',
  'agent.mcp_tool_result',
  'user.tool_result',
  'user.custom_tool_result',
  'user.define_outcome',
  'span.outcome_evaluation_end',
  'span.model_request_start',
];

async function rowsBetween(db: Database, thread: string, after: number, upTo: number): Promise<Row[]> {
  return db
    .selectFrom('projection.log')
    .select(['seq', 'kind', 'position', 'body'])
    .where('thread', '=', thread)
    .where('seq', '>', after)
    .where('seq', '<=', upTo)
    .where((is) => is.or([is('kind', '!=', 'event'), is('type', 'in', TOLD)]))
    .orderBy('seq')
    .execute();
}

/** The messages that had come by then and were processed later, or wait still. */
async function queuedAt(db: Database, thread: string, through: number): Promise<Row[]> {
  if (through === 0) return [];
  return db
    .selectFrom('projection.log')
    .select(['seq', 'kind', 'position', 'body'])
    .where('thread', '=', thread)
    .where('position', '>', through)
    .where('seq', '<=', through)
    .where('type', 'in', TOLD)
    .orderBy('seq')
    .execute();
}

function toEntry({ kind, seq, body, position }: Row): ContextEntry {
  const value: unknown = JSON.parse(body);
  switch (kind) {
    case 'event':
      // Input counts where it is taken up; the row's position says whether that is elsewhere.
      return { kind, seq, event: value as SessionEvent, queued: position !== seq };
    case 'processed':
      return { kind, seq, id: (value as { id: string }).id };
    case 'assistant': {
      const { content, stop_reason, tool_use_ids } = value as LoggedReply;
      return { kind, seq, reply: { content, ...(stop_reason === null ? {} : { stop_reason }) }, tool_use_ids };
    }
    case 'summary':
      return { kind, seq };
    default:
      return unreachable(kind);
  }
}

function unreachable(kind: never): never {
  throw new Error(`Unknown kind of log row ${String(kind)}`);
}
