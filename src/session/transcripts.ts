import type { Database } from '../storage/database.js';
import { append, createContext, type Context, type ContextEntry } from '../harness/context.js';
import type { LoggedReply } from './history.js';
import type { SessionEvent } from './journal.js';
import type { Projector } from './projector.js';

/** Conversations as models are told them, folded from the log. */
export interface Transcripts {
  /** The conversation up to and including entry `seq`, which must be committed. Costs what is new since the last call. */
  load(thread: string, seq: number): Promise<Context>;
  forget(thread: string): void;
}

interface Kept {
  context: Context;
  seq: number;
}

/** Keeps the conversations that were used last in memory, by the size of their logs. */
export function createTranscripts(db: Database, projector: Projector, keep = 256): Transcripts {
  const kept = new Map<string, Kept>();
  return {
    async load(thread, seq) {
      await projector.reach(thread, seq);
      const known = kept.get(thread);
      // A retried request may ask for less than is kept: a fold has no way back.
      const base = known && known.seq <= seq ? known : { context: createContext(), seq: 0 };
      for (const entry of await entriesBetween(db, thread, base.seq, seq)) append(base.context, entry);
      base.seq = seq;
      kept.delete(thread);
      kept.set(thread, base);
      const oldest = kept.keys().next().value;
      if (kept.size > keep && oldest !== undefined) kept.delete(oldest);
      return base.context;
    },
    forget: (thread) => void kept.delete(thread),
  };
}

/** What a conversation is made of; other events are not the model's. */
const TOLD = ['user.message', 'agent.tool_result'];

async function entriesBetween(db: Database, thread: string, after: number, upTo: number): Promise<ContextEntry[]> {
  const rows = await db
    .selectFrom('projection.log')
    .select(['seq', 'kind', 'position', 'body'])
    .where('thread', '=', thread)
    .where('seq', '>', after)
    .where('seq', '<=', upTo)
    .where((is) => is.or([is('kind', '!=', 'event'), is('type', 'in', TOLD)]))
    .orderBy('seq')
    .execute();
  return rows.map((row) => toEntry(row.kind, row.seq, JSON.parse(row.body), row.position));
}

function toEntry(
  kind: 'event' | 'processed' | 'assistant',
  seq: number,
  body: unknown,
  position: number | null,
): ContextEntry {
  switch (kind) {
    case 'event':
      // Input counts where it is taken up; the row's position says whether that is elsewhere.
      return { kind, seq, event: body as SessionEvent, queued: position !== seq };
    case 'processed':
      return { kind, seq, id: (body as { id: string }).id };
    case 'assistant': {
      const { content, stop_reason, tool_use_ids } = body as LoggedReply;
      return { kind, seq, reply: { content, ...(stop_reason === null ? {} : { stop_reason }) }, tool_use_ids };
    }
    default:
      return unreachable(kind);
  }
}

function unreachable(kind: never): never {
  throw new Error(`Unknown kind of log row ${String(kind)}`);
}
