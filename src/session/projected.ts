import type { Database } from '../storage/database.js';
import { selectPage } from './log.js';
import { loadState } from './projection.js';
import type { EventCursor, SessionEvent } from './session.js';
import type { Projected } from './verify.js';

/** Reads all that the projection holds of a thread, in one transaction. */
export async function readProjected(db: Database, thread: string): Promise<Projected> {
  return db.transaction().execute(async (tx) => {
    const cursor = await tx
      .selectFrom('projection.threads')
      .select('seq')
      .where('thread', '=', thread)
      .executeTakeFirst();
    const rows = await tx
      .selectFrom('projection.log')
      .select(['seq', 'kind', 'body'])
      .where('thread', '=', thread)
      .orderBy('seq')
      .execute();
    return { seq: cursor?.seq ?? 0, rows, list: await readList(tx, thread), state: await loadState(tx, thread) };
  });
}

const PAGE = 1_000;

async function readList(tx: Database, thread: string): Promise<SessionEvent[]> {
  const list: SessionEvent[] = [];
  let next: EventCursor | null = null;
  do {
    const page = await selectPage(tx, thread, { order: 'asc', limit: PAGE, ...(next && { page: next }) });
    list.push(...page.events);
    next = page.next;
  } while (next);
  return list;
}
