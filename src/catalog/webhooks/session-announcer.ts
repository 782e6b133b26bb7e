import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../storage/database.js';
import { fillOutbox } from './announce.js';
import type { Courier } from './courier.js';
import { enabledEvents, type EnabledEvents } from './endpoint-row.js';
import { deletionOf, readOccurrences, TOLD } from './session-events.js';

/**
 * Announces what sessions do, from the projection of their logs: so only what Temporal has committed, and nothing that a
 * session does waits for it. How far it has come with each session is kept beside the outbox, in one transaction with it,
 * and not in the projection: one that is made anew announces nothing again.
 */
export interface SessionAnnouncer {
  /** The log of a session has another event of this type. Does nothing while no endpoint wants to hear of sessions. */
  note(sessionId: string, type: string): void;
  /** Announces that a session is deleted, and before that all that its log says, which is about to go. */
  conclude(sessionId: string): Promise<void>;
  /** Endpoints have changed. */
  refresh(): Promise<void>;
  /** Announces what was projected, but not announced, before this process began. */
  catchUp(): Promise<void>;
  close(): Promise<void>;
}

export interface SessionAnnouncerDeps {
  db: Database;
  courier: Pick<Courier, 'outboxFilled'>;
  onError(sessionId: string, error: unknown): void;
}

const INTERESTING: ReadonlySet<string> = new Set(TOLD);
const RETRY_MS = [20, 50, 100, 200, 500, 1_000, 5_000];

export function createSessionAnnouncer(deps: SessionAnnouncerDeps): SessionAnnouncer {
  const { db } = deps;
  const closing = new AbortController();
  /** Since when somebody wants to hear of sessions; undefined while nobody does. */
  let since: number | undefined;
  const working = new Map<string, Working>();

  const run = async (id: string, entry: Working): Promise<void> => {
    for (let failed = 0; !closing.signal.aborted;) {
      entry.isAsked = false;
      const isDone = await announceSession(deps, id).catch((error: unknown) => {
        deps.onError(id, error);
        return false;
      });
      if (isDone && !entry.isAsked) break;
      failed = isDone ? 0 : failed + 1;
      const pause = isDone ? 0 : (RETRY_MS[failed - 1] ?? 5_000);
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
    }
    working.delete(id);
  };
  return {
    note(id, type) {
      if (since === undefined || closing.signal.aborted || !INTERESTING.has(type)) return;
      const known = working.get(id);
      if (known) {
        known.isAsked = true;
        return;
      }
      const entry: Working = { isAsked: false, done: Promise.resolve() };
      working.set(id, entry);
      entry.done = run(id, entry);
    },
    async conclude(id) {
      if (since !== undefined) await announceSession(deps, id, { isDeleted: true });
    },
    async refresh() {
      since = await wantedSince(db);
    },
    async catchUp() {
      if (since === undefined) return;
      for (const id of await unannounced(db, since)) {
        if (closing.signal.aborted) return;
        await announceSession(deps, id);
      }
    },
    async close() {
      closing.abort();
      await Promise.all([...working.values()].map(({ done }) => done));
    },
  };
}

interface Working {
  /** Again since it began. */
  isAsked: boolean;
  done: Promise<void>;
}

/** False when it is to be looked at again in a moment: its creation has not ended, and may yet be undone. */
async function announceSession(
  { db, courier }: SessionAnnouncerDeps,
  id: string,
  { isDeleted = false } = {},
): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const session = await tx
      .selectFrom('sessions')
      .leftJoin('webhook_cursors', 'webhook_cursors.session_id', 'sessions.id')
      .select(['sessions.id', 'workspace', 'thread_id', 'started_at', 'deleted_at', 'seq'])
      .where('sessions.id', '=', id)
      .executeTakeFirst();
    if (!session) return true;
    // Nobody was told of it: what is undone was never there.
    if (session.started_at === null) return session.deleted_at !== null;
    const { occurrences, through } = await readOccurrences(tx, session, session.seq ?? 0);
    if (isDeleted) occurrences.push(deletionOf(id, session.deleted_at ?? Date.now()));
    if (!(await fillOutbox(tx, session.workspace, occurrences))) return true;
    await tx
      .insertInto('webhook_cursors')
      .values({ session_id: id, seq: through })
      .onConflict((conflict) => conflict.column('session_id').doUpdateSet({ seq: through }))
      .execute();
    courier.outboxFilled();
    return true;
  });
}

/** The earliest moment from which an endpoint wants to hear of sessions. */
async function wantedSince(db: Database): Promise<number | undefined> {
  const rows = await db
    .selectFrom('webhook_endpoints')
    .select('enabled_events')
    .where('workspace', 'is not', null)
    .where('state', '=', 'enabled')
    .execute();
  const times = rows.flatMap((row) => sessionTimes(enabledEvents(row)));
  return times.length === 0 ? undefined : Math.min(...times);
}

function sessionTimes(events: EnabledEvents): number[] {
  return Object.entries(events).flatMap(([type, at]) => (type.startsWith('session.') ? [at] : []));
}

/** Sessions that have changed since, and whose logs are longer than what was announced of them. */
async function unannounced(db: Database, since: number): Promise<string[]> {
  const rows = await db
    .selectFrom('projection.session_states as state')
    .innerJoin('projection.threads as log', 'log.thread', 'state.session_id')
    .leftJoin('webhook_cursors as cursor', 'cursor.session_id', 'state.session_id')
    .select('log.thread')
    .where('state.updated_at', '>=', since)
    .where((eb) => eb.or([eb('cursor.seq', 'is', null), eb('log.seq', '>', eb.ref('cursor.seq'))]))
    .execute();
  return rows.map(({ thread }) => thread);
}
