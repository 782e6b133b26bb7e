import type { Mounts } from '../../mounts/mounts.js';
import type { Transcripts } from '../../mounts/transcripts.js';
import type { AgentsDeps } from '../agents/agents.js';
import type { SessionDeps } from '../sessions/session-deps.js';

/** What dreams are made of: each is an agent's session, over copies of what it reads. */
export interface DreamsDeps extends SessionDeps, AgentsDeps {
  /** Has the steps of a dream made one after the other, through every crash. Idempotent. */
  startDream: (dream: { workspace: string; dream_id: string }) => Promise<void>;
  /** What only its session sees, read-only. */
  transcripts: Pick<Transcripts, 'write' | 'remove'>;
  mounts: Pick<Mounts, 'collect'>;
}
