import type { Sandbox } from '../src/sandbox/sandbox.js';

/**
 * Tool calls whose results are on their way into the log. Once the session goes on, they are there, and what the
 * sandbox still keeps of the calls' output can go. What a worker that dies had noted stays until the session's end.
 */
export interface FinishedCalls {
  add(sessionId: string, sandbox: Sandbox, execId: string): void;
  /** The session has gone on past these calls. Never throws: a sandbox that is gone keeps nothing. */
  forget(sessionId: string): void;
}

export function createFinishedCalls(): FinishedCalls {
  const bySession = new Map<string, { sandbox: Sandbox; execId: string }[]>();
  return {
    add(sessionId, sandbox, execId) {
      bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), { sandbox, execId }]);
    },
    forget(sessionId) {
      for (const { sandbox, execId } of bySession.get(sessionId) ?? []) void sandbox.forget(execId).catch(() => {});
      bySession.delete(sessionId);
    },
  };
}
