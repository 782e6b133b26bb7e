import { ApiError } from '../../api-error.js';
import { createAgents } from '../agents/agents.js';
import { createEnvironments } from '../environments/environments.js';
import { openSession } from '../sessions/session-create.js';
import { noteAs } from './dream-note.js';
import { DREAMER, dreamTexts } from './dream-prompt.js';
import { type DreamError, inputSessionsOf, settingsOf } from './dream-row.js';
import { obtainStore } from './dream-store.js';
import { listTranscript } from './dream-transcript.js';
import type { DreamsDeps } from './dream-deps.js';
import type { DreamRow } from './dream-tables.js';

/** Makes the session of a dream, and all that this needs; what an earlier attempt has made is taken up. */
export async function beginDream(deps: DreamsDeps, row: DreamRow): Promise<void> {
  const { workspace } = deps;
  const { id, session_id } = row;
  const { instructions, model } = settingsOf(row);
  const files = inputSessionsOf(row).map((one) => ({ name: `${one}.jsonl`, lines: listTranscript(deps, one) }));
  await unavailableAs('input_session_unavailable', deps.transcripts.write(session_id, files));
  const store = await unavailableAs('input_memory_store_unavailable', obtainStore(deps, row));
  const name = `Dream ${id}`;
  const agent = { ...DREAMER, name, model: model.id };
  const agent_id = row.agent_id ?? (await createAgents(deps).create(agent, noteAs(id, 'agent_id'))).id;
  const environment_id =
    row.environment_id ?? (await createEnvironments(deps).create({ name }, noteAs(id, 'environment_id'))).id;
  const params = {
    agent: agent_id,
    environment_id,
    title: name,
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

/** What is to blame when a dream cannot begin; undefined where another attempt may do better. */
export function toFault(error: unknown): DreamError | undefined {
  if (error instanceof DreamFault) return { type: error.type, message: error.message };
  if (!(error instanceof ApiError) || error.status >= 500) return undefined;
  return { type: 'internal_error', message: error.message };
}

const toBlock = (text: string) => ({ type: 'text' as const, text });

async function unavailableAs<Result>(type: string, attempt: Promise<Result>): Promise<Result> {
  return attempt.catch((error: unknown) => {
    const isGone = error instanceof ApiError && ['not_found_error', 'invalid_request_error'].includes(error.type);
    throw isGone ? new DreamFault(type, error.message) : error;
  });
}

/** What a dream can fail of without anybody's fault. */
class DreamFault extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}
