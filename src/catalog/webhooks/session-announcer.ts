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
  let wanted: Wanted = new Map();
  let reading: Promise<void> = Promise.resolve();
  const working = new Map<string, Working>();

  const attempt = (id: string): Promise<boolean> =>
    announceSession(deps, id).catch((error: unknown) => {
      deps.onError(id, error);
      return false;
    });
  const run = async (id: string, entry: Working): Promise<void> => {
    for (let failed = 0; !closing.signal.aborted;) {
      entry.isAsked = false;
      const isDone = await attempt(id);
      if (isDone && !entry.isAsked) break;
      failed = isDone ? 0 : failed + 1;
      const pause = isDone ? 0 : (RETRY_MS[failed - 1] ?? 5_000);
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
    }
    working.delete(id);
  };
  const begin = (id: string): void => {
    if (closing.signal.aborted) return;
    const known = working.get(id);
    if (known) {
      known.isAsked = true;
      return;
    }
    const entry: Working = { isAsked: false, done: Promise.resolve() };
    working.set(id, entry);
    entry.done = run(id, entry);
  };
  return {
    note(id, type) {
      if (wanted.size > 0 && INTERESTING.has(type)) begin(id);
    },
    async conclude(id) {
      if (wanted.size > 0) await announceSession(deps, id, { isDeleted: true });
    },
    refresh() {
      // One after the other: an older answer must not take the place of a newer one.
      const turn = reading.then(async () => void (wanted = await readWanted(db)));
      reading = turn.catch(() => {});
      return turn;
    },
    async catchUp() {
      for (const id of await unannounced(db, wanted)) {
        if (closing.signal.aborted) return;
        // What cannot be done now is not in the way of the others.
        if (!(await attempt(id))) begin(id);
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
    if (!(await readWanted(tx, session.workspace)).has(session.workspace)) return true;
    const after = session.seq ?? 0;
    const { occurrences, through } = await readOccurrences(tx, session, after);
    if (isDeleted) occurrences.push(deletionOf(id, session.deleted_at ?? Date.now()));
    if (await fillOutbox(tx, session.workspace, occurrences)) courier.outboxFilled();
    // Also where nobody wanted to hear of any of it: else all of the log would be read again each time.
    if (through > after) await moveCursor(tx, id, through);
    return true;
  });
}

async function moveCursor(tx: Database, session_id: string, seq: number): Promise<void> {
  await tx
    .insertInto('webhook_cursors')
    .values({ session_id, seq })
    .onConflict((conflict) => conflict.column('session_id').doUpdateSet({ seq }))
    .execute();
}

/** The earliest moment from which an endpoint of a workspace wants to hear of sessions; others are not in it. */
type Wanted = ReadonlyMap<string, number>;

async function readWanted(db: Database, workspace?: string): Promise<Wanted> {
  const rows = await db
    .selectFrom('webhook_endpoints')
    .select(['workspace', 'enabled_events'])
    .where('workspace', workspace === undefined ? 'is not' : '=', workspace ?? null)
    .where('state', '=', 'enabled')
    .execute();
  const wanted = new Map<string, number>();
  for (const row of rows) {
    const times = sessionTimes(enabledEvents(row));
    if (row.workspace === null || times.length === 0) continue;
    wanted.set(row.workspace, Math.min(wanted.get(row.workspace) ?? Infinity, ...times));
  }
  return wanted;
}

function sessionTimes(events: EnabledEvents): number[] {
  return Object.entries(events).flatMap(([type, at]) => (type.startsWith('session.') ? [at] : []));
}

/** Sessions that somebody wants to hear of, that have changed since, and whose logs are longer than what was announced. */
async function unannounced(db: Database, wanted: Wanted): Promise<string[]> {
  if (wanted.size === 0) return [];
  const rows = await db
    .selectFrom('projection.session_states as state')
    .innerJoin('projection.threads as log', 'log.thread', 'state.session_id')
    .innerJoin('sessions', 'sessions.id', 'state.session_id')
    .leftJoin('webhook_cursors as cursor', 'cursor.session_id', 'state.session_id')
    .select('log.thread')
    .where('sessions.workspace', 'in', [...wanted.keys()])
    .where('state.updated_at', '>=', Math.min(...wanted.values()))
    .where((eb) => eb.or([eb('cursor.seq', 'is', null), eb('log.seq', '>', eb.ref('cursor.seq'))]))
    .execute();
  return rows.map(({ thread }) => thread);
}
