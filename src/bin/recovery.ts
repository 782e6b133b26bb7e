import type { SessionCatalog } from '../catalog/sessions/sessions.js';
import type { Work } from '../catalog/work/work.js';
import { loadState } from '../session/projection.js';
import type { Database } from '../storage/database.js';
import type { DeploymentsAtWork } from './deployments.js';
import type { DreamsAtWork } from './dreams.js';
import type { Engine } from './engine.js';

export interface RecoveryDeps {
  db: Database;
  engine: Engine;
  sessions: Pick<SessionCatalog, 'listUnfinished' | 'finishDeletion'>;
  deployments: Pick<DeploymentsAtWork, 'recover' | 'tidy'>;
  work: Pick<Work, 'settle'>;
  dreams: Pick<DreamsAtWork, 'recover'>;
  log: (line: string) => void;
}

interface Recovery extends RecoveryDeps {
  /** Raised when the server stops: what is left is for the next start. */
  stopping: AbortSignal;
}

const TIDY_EVERY_MS = 60_000;

/** Takes over what an earlier process left, and from then on tidies up after requests that were cut off. */
export function startRecovery(deps: RecoveryDeps): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const recovery = { ...deps, stopping: stopping.signal };
  const report = (error: unknown): void => deps.log(`recovery: ${String(error)}`);
  const recovered = [recoverSessions(recovery), deps.deployments.recover(), deps.dreams.recover()];
  let work: Promise<unknown> = Promise.all(recovered.map((one) => one.catch(report)));
  const timer = setInterval(() => {
    work = work.then(() => finishUnfinished(recovery)).catch(report);
    work = work.then(() => deps.deployments.tidy()).catch(report);
    work = work.then(() => deps.work.settle('owed')).catch(report);
  }, TIDY_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await work;
    },
  };
}

/**
 * Takes over what an earlier process left: sessions that were at work first, since somebody waits for them; then what
 * was being created or deleted; then, unhurried, whatever else may have been committed without being projected; at last
 * input that no worker was told of.
 */
async function recoverSessions(deps: Recovery): Promise<void> {
  const { db, engine } = deps;
  const isAtWork = async (id: string): Promise<boolean> =>
    ['running', 'rescheduling'].includes((await loadState(db, id))?.status ?? '');
  await forEach(deps, await sessionsAtWork(db), (id) => engine.recover(id));
  await finishUnfinished(deps);
  await forEach(deps, await sessionsAtRest(db), async (id) => {
    await engine.log.getState(id);
    if (await isAtWork(id)) await engine.recover(id);
  });
  await deps.work.settle('all');
}

/** Undoes creations and completes deletions that did not come to their end, because a process died or could not be reached. */
async function finishUnfinished(deps: Recovery): Promise<void> {
  const unfinished = await deps.sessions.listUnfinished();
  await forEach(
    deps,
    unfinished.map(({ id }) => id),
    (id) => deps.sessions.finishDeletion(id),
  );
}

async function sessionsAtWork(db: Database): Promise<string[]> {
  const rows = await db
    .selectFrom('projection.session_states')
    .select('session_id')
    .where('status', 'in', ['running', 'rescheduling'])
    .execute();
  return rows.map((row) => row.session_id);
}

/** Also sessions that the projection knows nothing of: it may have been deleted. */
async function sessionsAtRest(db: Database): Promise<string[]> {
  const rows = await db
    .selectFrom('sessions')
    .leftJoin('projection.session_states', 'session_id', 'sessions.id')
    .select('sessions.id')
    .where((is) => is.or([is('status', 'is', null), is('status', '=', 'idle')]))
    .execute();
  return rows.map((row) => row.id);
}

const AT_ONCE = 8;

async function forEach(deps: Recovery, ids: string[], act: (id: string) => Promise<void>): Promise<void> {
  const left = [...ids];
  const work = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined && !deps.stopping.aborted; id = left.shift()) {
      const one = id;
      await attempt(deps, one, () => act(one));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function attempt(deps: Recovery, id: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    deps.log(`session ${id} could not be taken over: ${error instanceof Error ? error.message : String(error)}`);
  }
}
