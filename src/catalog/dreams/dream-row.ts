import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { SessionLog, SessionUsage } from '../../session/session.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import type { DreamRow } from './dream-tables.js';

export type Dream = Anthropic.Beta.BetaDream;
export type DreamStatus = Anthropic.Beta.BetaDreamStatus;
/** What a dream was created with. */
export type DreamSettings = Pick<Dream, 'inputs' | 'instructions' | 'model' | 'output_behavior'>;
export type DreamError = Anthropic.Beta.BetaDreamErrorObject;

/** One dream; `not_found_error` when there is none. */
export async function readDream(db: Database, workspace: string, id: string): Promise<DreamRow> {
  const row = await db
    .selectFrom('dreams')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no dream ${id}.`);
  return row;
}

export function settingsOf({ settings }: Pick<DreamRow, 'settings'>): DreamSettings {
  // Written when the dream was created, and by nothing else.
  return JSON.parse(settings) as DreamSettings;
}

/** The store that a dream reads. */
export function inputStoreOf(row: Pick<DreamRow, 'settings'>): string {
  return (
    settingsOf(row).inputs.flatMap((input) => (input.type === 'memory_store' ? [input.memory_store_id] : []))[0] ?? ''
  );
}

/** The sessions that a dream reads. */
export function inputSessionsOf(row: Pick<DreamRow, 'settings'>): string[] {
  return settingsOf(row).inputs.flatMap((input) => (input.type === 'sessions' ? input.session_ids : []));
}

/** The dream as responses show it. */
export async function toDream(row: DreamRow, log: Pick<SessionLog, 'getState'>): Promise<Dream> {
  const { id, status, session_id, error, usage } = row;
  const isStarted = row.started_at !== null;
  // Written by the dream's own steps: what is noted at its end, and until then what its session has used.
  const used = usage === null ? undefined : (JSON.parse(usage) as Dream['usage']);
  return {
    type: 'dream',
    id,
    status,
    ...settingsOf(row),
    outputs: outputsOf(row),
    session_id: isStarted ? session_id : null,
    // Written by the dream's own steps.
    error: error === null ? null : (JSON.parse(error) as DreamError),
    usage: used ?? toUsage(isStarted ? (await log.getState(session_id))?.usage : undefined),
    created_at: toTimestamp(row.created_at),
    ended_at: toTimestamp(row.ended_at),
    archived_at: toTimestamp(row.archived_at),
  };
}

/** What a session has used, as dreams show it. */
export function toUsage(spent: SessionUsage | undefined): Dream['usage'] {
  const written = spent?.cache_creation;
  return {
    input_tokens: spent?.input_tokens ?? 0,
    output_tokens: spent?.output_tokens ?? 0,
    cache_read_input_tokens: spent?.cache_read_input_tokens ?? 0,
    cache_creation_input_tokens: (written?.ephemeral_1h_input_tokens ?? 0) + (written?.ephemeral_5m_input_tokens ?? 0),
  };
}

/** A copy is there from before the session is: where that never began, nobody else knows of it. */
function outputsOf(row: DreamRow): Dream['outputs'] {
  const { output_store_id, started_at, status } = row;
  const isCopy = settingsOf(row).output_behavior.type === 'create_new';
  const isShown = started_at !== null || (isCopy && status !== 'pending');
  return output_store_id === null || !isShown ? [] : [{ type: 'memory_store', memory_store_id: output_store_id }];
}
