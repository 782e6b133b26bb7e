import { createAgents } from '../agents/agents.js';
import { createEnvironments } from '../environments/environments.js';
import { archiveSession } from '../sessions/sessions.js';
import { type DreamError, toUsage } from './dream-row.js';
import { howItEnded, ignoreMissing, stateOf } from './dream-session.js';
import type { DreamsDeps } from './dream-deps.js';
import type { DreamRow } from './dream-tables.js';

/** A turn that came to its end is a dream that did. */
export async function settleDream(deps: DreamsDeps, row: DreamRow, timedOut: boolean): Promise<void> {
  if (timedOut) return failDream(deps, row.id, { type: 'timeout', message: 'The dream took longer than an hour.' });
  const isThere = (await stateOf(deps, row)) !== undefined;
  const { reason, why } = isThere ? await howItEnded(deps, row) : { reason: 'deleted', why: undefined };
  if (reason !== 'end_turn') {
    const message = [`Its session ended before its task did: ${reason}.`, why].filter(Boolean).join(' ');
    return failDream(deps, row.id, { type: 'internal_error', message });
  }
  const ended = deps.db.updateTable('dreams').set({ status: 'completed', ended_at: deps.clock() });
  await ended.where('id', '=', row.id).where('status', '=', 'running').execute();
}

/** Unless it has ended already. */
export async function failDream({ db, clock }: DreamsDeps, id: string, error: DreamError): Promise<void> {
  const failed = db.updateTable('dreams').set({ status: 'failed', ended_at: clock(), error: JSON.stringify(error) });
  await failed.where('id', '=', id).where('status', 'in', ['pending', 'running']).execute();
}

/** From then on nothing of it is at work, and others may write into its store. */
export async function letGo(deps: DreamsDeps, row: DreamRow): Promise<void> {
  if (row.started_at !== null) await archiveSession(deps, row.session_id).catch(ignoreMissing);
  await deps.transcripts.remove(row.session_id);
  if (row.agent_id !== null) await createAgents(deps).archive(row.agent_id).catch(ignoreMissing);
  if (row.environment_id !== null) await createEnvironments(deps).archive(row.environment_id).catch(ignoreMissing);
  const usage = JSON.stringify(toUsage((await stateOf(deps, row))?.usage));
  await deps.db.updateTable('dreams').set({ at_work: 0, usage }).where('id', '=', row.id).execute();
}
