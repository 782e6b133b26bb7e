import { ApiError } from '../../api-error.js';
import type { SessionStatus } from '../../session/session.js';
import { readLive, type SessionDeps } from './session-deps.js';
import { type Thread, toPrimaryThread } from './session-resource.js';
import { readSession } from './session-store.js';
import { invalid } from '../validate.js';

/** The threads of a session: so far the primary one, whose log is the session's. */
export interface Threads {
  retrieve(sessionId: string, threadId: string): Promise<Thread>;
  list(sessionId: string, query: { statuses?: SessionStatus[] }): Promise<Thread[]>;
  archive(sessionId: string, threadId: string): Promise<Thread>;
  /** `not_found_error` unless the session has this thread. */
  require(sessionId: string, threadId: string): Promise<void>;
}

export function createThreads(deps: SessionDeps): Threads {
  const primary = async (sessionId: string) => {
    const { row, state } = await readLive(deps, sessionId);
    return toPrimaryThread(row, state, deps.now());
  };
  return {
    async retrieve(sessionId, threadId) {
      const thread = await primary(sessionId);
      return thread.id === threadId ? thread : notFound(sessionId, threadId);
    },
    async list(sessionId, { statuses }) {
      const thread = await primary(sessionId);
      return statuses === undefined || statuses.includes(thread.status) ? [thread] : [];
    },
    async archive(sessionId, threadId) {
      const thread = await primary(sessionId);
      if (thread.id !== threadId) return notFound(sessionId, threadId);
      if (thread.archived_at !== null) return thread;
      throw invalid('thread_id', 'the primary thread is archived with its session');
    },
    async require(sessionId, threadId) {
      const row = await readSession(deps.db, deps.workspace, sessionId);
      if (row.thread_id !== threadId) notFound(sessionId, threadId);
    },
  };
}

function notFound(sessionId: string, threadId: string): never {
  throw new ApiError('not_found_error', `Session ${sessionId} has no thread ${threadId}.`);
}
