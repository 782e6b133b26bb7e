import { sql } from 'kysely';
import type { SessionCursor } from '../../src/catalog/sessions/session-store.js';
import type { Database } from '../../src/storage/database.js';

export interface ManySessions {
  count: number;
  /** In a list whose newest come first: the place behind so many sessions. */
  cursorAfter: (sessions: number) => SessionCursor;
}

export const WORKSPACE = 'wrkspc_bench';
/** They begin at the same time, in groups: so that a page ends among equals. */
const AT_ONCE = 7;
const FIRST_ID = 10_000_000;

/** Idle sessions as rows of the catalog and of the projection, written by the store itself. */
export async function createManySessions(db: Database, count: number): Promise<ManySessions> {
  const numbers = sql`with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${sql.lit(count)})`;
  const id = sql`'sesn_' || (${sql.lit(FIRST_ID)} + n)`;
  const empty = sql.join([sql.lit('{}'), sql.lit('env_1'), sql.lit('[]')]);
  await sql`${numbers} insert into sessions (id, workspace, thread_id, agent_id, agent_version, agent, environment_id,
    vault_ids, created_at, started_at)
    select ${id}, ${sql.lit(WORKSPACE)}, 'sthr_' || n, 'agent_1', 1, ${empty}, n / ${sql.lit(AT_ONCE)}, 1 from numbers`.execute(
    db,
  );
  await sql`${numbers} insert into projection.session_states (session_id, status, state, updated_at)
    select ${id}, 'idle', '{}', 1 from numbers`.execute(db);
  return {
    count,
    cursorAfter(sessions) {
      const n = count - sessions + 1;
      const created_at = Math.floor(n / AT_ONCE);
      return { created_at, id: `sesn_${FIRST_ID + n}`, order: 'desc', direction: 'next' };
    },
  };
}
