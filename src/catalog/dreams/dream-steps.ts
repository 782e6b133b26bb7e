import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import { createAgents } from '../agents/agents.js';
import { createEnvironments } from '../environments/environments.js';
import { archiveSession } from '../sessions/sessions.js';
import type { SessionState } from '../../session/session.js';
import { isBusy, readLive } from '../sessions/session-deps.js';
import { openSession } from '../sessions/session-create.js';
import { listTranscript } from './dream-transcript.js';
import { obtainStore } from './dream-store.js';
import { DREAMER, dreamTexts } from './dream-prompt.js';
import { type DreamError, inputSessionsOf, readDream, settingsOf, toUsage } from './dream-row.js';
import type { DreamsDeps } from './dreams.js';
import type { DreamRow } from './dream-tables.js';

export type DreamProgress = 'running' | 'over';

/** Each is idempotent, and completes what an attempt that was cut off has begun. */
export interface DreamSteps {
  /** Makes the session that dreams. */
  begin(id: string): Promise<DreamProgress>;
  look(id: string): Promise<DreamProgress>;
  /** Interrupts the session of a dream that was cancelled; whether there is nothing left to interrupt. */
  stop(id: string): Promise<boolean>;
  /** Settles how it ended, once its session rests. Throws until then. */
  end(id: string, how: { timedOut: boolean }): Promise<void>;
}

export function createDreamSteps(deps: DreamsDeps): DreamSteps {
  const { db, workspace } = deps;
  const find = (id: string) => readDream(db, workspace, id).catch(ignoreMissing);
  const stop = async (id: string): Promise<boolean> => {
    const row = await find(id);
    const state = row && (await stateOf(deps, row));
    if (!row || !state || !isBusy(state)) return true;
    await deps.sessions.send(row.session_id, [{ type: 'user.interrupt', id: newId('sevt') }]).catch(ignoreRefusal);
    return false;
  };
  return {
    async begin(id) {
      const row = await find(id);
      if (!row || row.ended_at !== null) return 'over';
      if (row.started_at !== null) return 'running';
      try {
        await beginDream(deps, row);
        return 'running';
      } catch (error) {
        const fault = toFault(error);
        if (!fault) throw error;
        await fail(deps, id, fault);
        return 'over';
      }
    },

    async look(id) {
      const row = await find(id);
      if (row?.status !== 'running') return 'over';
      const state = await stateOf(deps, row);
      if (!state || state.status === 'terminated') return 'over';
      return state.status === 'idle' && state.thread_idled ? 'over' : 'running';
    },

    stop,

    async end(id, { timedOut }) {
      const row = await find(id);
      if (!row || row.at_work === 0) return;
      if (!(await stop(id))) throw new Error(`The session of dream ${id} does not rest yet.`);
      // Whoever sees that it is completed finds all that it wrote.
      if (row.started_at !== null) await deps.mounts.collect(row.session_id);
      if (row.ended_at === null) await settle(deps, row, timedOut);
      await letGo(deps, await readDream(db, workspace, id));
    },
  };
}

/** Of a dream's session; undefined when there is none. While the log cannot tell, that is thrown. */
async function stateOf(deps: DreamsDeps, { started_at, session_id }: DreamRow): Promise<SessionState | undefined> {
  if (started_at === null) return undefined;
  return (await readLive(deps, session_id).catch(ignoreMissing))?.state;
}

/** What a dream can fail of without anybody's fault. */
class DreamFault extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

async function beginDream(deps: DreamsDeps, row: DreamRow): Promise<void> {
  const { db, workspace } = deps;
  const { id, session_id } = row;
  const { instructions, model } = settingsOf(row);
  const files = inputSessionsOf(row).map((name) => ({ name: `${name}.jsonl`, lines: listTranscript(deps, name) }));
  await unavailableAs('input_session_unavailable', deps.transcripts.write(session_id, files));
  const store = await unavailableAs('input_memory_store_unavailable', obtainStore(deps, row));
  const agent =
    row.agent_id ?? (await createAgents(deps).create({ ...DREAMER, name: `Dream ${id}`, model: model.id })).id;
  const environment_id = row.environment_id ?? (await createEnvironments(deps).create({ name: `Dream ${id}` })).id;
  await db.updateTable('dreams').set({ agent_id: agent, environment_id }).where('id', '=', id).execute();
  const params = {
    agent,
    environment_id,
    title: `Dream ${id}`,
    resources: [{ type: 'memory_store' as const, memory_store_id: store }],
    initial_events: [{ type: 'user.message' as const, content: dreamTexts(instructions).map(toBlock) }],
  };
  await openSession(deps, params, {
    id: session_id,
    isRepeatable: true,
    async settle(tx) {
      const started = tx.updateTable('dreams').set({ started_at: deps.clock() });
      const { numUpdatedRows } = await started.where('id', '=', id).where('at_work', '=', 1).executeTakeFirst();
      // Given up meanwhile: then nobody would look after the session.
      if (numUpdatedRows === 0n) throw new Error(`Dream ${id} is over.`);
      const running = tx.updateTable('dreams').set({ status: 'running' });
      await running.where('id', '=', id).where('workspace', '=', workspace).where('status', '=', 'pending').execute();
    },
  });
}

const toBlock = (text: string) => ({ type: 'text' as const, text });

async function unavailableAs<Result>(type: string, attempt: Promise<Result>): Promise<Result> {
  return attempt.catch((error: unknown) => {
    const isGone = error instanceof ApiError && ['not_found_error', 'invalid_request_error'].includes(error.type);
    throw isGone ? new DreamFault(type, error.message) : error;
  });
}

function toFault(error: unknown): DreamError | undefined {
  if (error instanceof DreamFault) return { type: error.type, message: error.message };
  if (!(error instanceof ApiError) || error.status >= 500) return undefined;
  return { type: 'internal_error', message: error.message };
}

/** A turn that came to its end is a dream that did. */
async function settle(deps: DreamsDeps, row: DreamRow, timedOut: boolean): Promise<void> {
  if (timedOut) return fail(deps, row.id, { type: 'timeout', message: 'The dream took longer than an hour.' });
  const isThere = (await stateOf(deps, row)) !== undefined;
  const { reason, why } = isThere ? await howItEnded(deps, row) : { reason: 'deleted', why: undefined };
  if (reason !== 'end_turn') {
    const message = [`Its session ended before its task did: ${reason}.`, why].filter(Boolean).join(' ');
    return fail(deps, row.id, { type: 'internal_error', message });
  }
  const ended = deps.db.updateTable('dreams').set({ status: 'completed', ended_at: deps.clock() });
  await ended.where('id', '=', row.id).where('status', '=', 'running').execute();
}

/** What its session stopped for, and the last error that it had. */
async function howItEnded({ log }: DreamsDeps, { session_id }: DreamRow): Promise<{ reason: string; why?: string }> {
  const types = ['session.status_idle' as const, 'session.error' as const];
  const { events } = await log.getEvents(session_id, { order: 'desc', limit: 2, types });
  const idle = events.find((event) => event.type === 'session.status_idle');
  const error = events.find((event) => event.type === 'session.error');
  return { reason: idle?.stop_reason.type ?? 'terminated', ...(error && { why: error.error.message }) };
}

async function fail({ db, clock }: DreamsDeps, id: string, error: DreamError): Promise<void> {
  const failed = db.updateTable('dreams').set({ status: 'failed', ended_at: clock(), error: JSON.stringify(error) });
  await failed.where('id', '=', id).where('status', 'in', ['pending', 'running']).execute();
}

/** From then on nothing of it is at work, and others may write into its store. */
async function letGo(deps: DreamsDeps, row: DreamRow): Promise<void> {
  if (row.started_at !== null) await archiveSession(deps, row.session_id).catch(ignoreMissing);
  await deps.transcripts.remove(row.session_id);
  if (row.agent_id !== null) await createAgents(deps).archive(row.agent_id).catch(ignoreMissing);
  if (row.environment_id !== null) await createEnvironments(deps).archive(row.environment_id).catch(ignoreMissing);
  const usage = JSON.stringify(toUsage((await stateOf(deps, row))?.usage));
  await deps.db.updateTable('dreams').set({ at_work: 0, usage }).where('id', '=', row.id).execute();
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.type === 'not_found_error') return undefined;
  throw error;
}

/** It came to rest meanwhile. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiError) || error.type !== 'invalid_request_error') throw error;
}
