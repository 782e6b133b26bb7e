import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import { readEnvironment } from '../environments/environments.js';
import type { Metadata } from '../metadata.js';
import type { NounDeps } from '../noun.js';
import type { WorkItemRow } from './work-tables.js';
import { invalid } from '../validate.js';

export type WorkItem = Anthropic.Beta.Environments.BetaSelfHostedWork;

/** Which of an environment's items is meant. */
export interface WorkRef {
  environmentId: string;
  id: string;
}

/** Items as they are at this moment: those whose worker has been silent for too long are put back first. */
export interface LiveWork {
  /** `not_found_error` when there is none. */
  read(ref: WorkRef): Promise<WorkItemRow>;
  /** Throws unless the environment has a queue. */
  openQueue(environmentId: string): Promise<void>;
  endLapsed(environmentId: string): Promise<void>;
}

export async function readWork(db: Database, workspace: string, ref: WorkRef): Promise<WorkItemRow> {
  const row = await db
    .selectFrom('work_items')
    .selectAll()
    .where('id', '=', ref.id)
    .where('environment_id', '=', ref.environmentId)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `Environment ${ref.environmentId} has no work item ${ref.id}.`);
  return row;
}

/** Only these have a queue of work. */
export async function requireSelfHosted({ db, workspace }: Pick<NounDeps, 'db' | 'workspace'>, id: string) {
  const { config } = await readEnvironment(db, workspace, id);
  if (config.type !== 'self_hosted') {
    throw invalid('environment_id', `environment ${id} is not self-hosted: it has no work queue`);
  }
}

/** The secret is shown to who has claimed the item, and to nobody else. */
export function toWork(row: WorkItemRow, secret: string | null = null): WorkItem {
  return {
    type: 'work',
    id: row.id,
    environment_id: row.environment_id,
    data: { type: 'session', id: row.session_id },
    state: row.state,
    metadata: metadataOf(row),
    secret,
    created_at: toTimestamp(row.created_at),
    acknowledged_at: toTimestamp(row.acknowledged_at),
    started_at: toTimestamp(row.started_at),
    latest_heartbeat_at: toTimestamp(row.latest_heartbeat_at),
    stop_requested_at: toTimestamp(row.stop_requested_at),
    stopped_at: toTimestamp(row.stopped_at),
  };
}

/** Written by the catalog and by nothing else. */
export function metadataOf({ metadata }: Pick<WorkItemRow, 'metadata'>): Metadata {
  return JSON.parse(metadata) as Metadata;
}
