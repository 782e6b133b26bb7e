import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import { type Cron, parseCron } from '../../schedule/cron.js';
import { occurrences } from '../../schedule/occurrences.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import type { DeploymentRow } from './deployment-tables.js';
import type { ScheduleParams } from './deployment-schema.js';
import { settingsOf } from './deployment-settings.js';

export type Deployment = Anthropic.Beta.Deployments.BetaManagedAgentsDeployment;
export type PausedReason = NonNullable<Deployment['paused_reason']>;

/** When it is run by itself. */
export interface Timing extends ScheduleParams {
  cron: Cron;
}

/** One deployment's row; `not_found_error` when there is none. Takes part in a transaction when given one. */
export async function readDeployment(db: Database, workspace: string, id: string): Promise<DeploymentRow> {
  const row = await db
    .selectFrom('deployments')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no deployment ${id}.`);
  return row;
}

/** Undefined for one that is run by hand only. */
export function timingOf({ id, schedule }: Pick<DeploymentRow, 'id' | 'schedule'>): Timing | undefined {
  if (schedule === null) return undefined;
  // Written by this folder from what its schema let in.
  const params = JSON.parse(schedule) as ScheduleParams;
  const cron = parseCron(params.expression);
  if (typeof cron === 'string') throw new Error(`The schedule of ${id} cannot be read: ${cron}`);
  return { ...params, cron };
}

export function toDeployment(row: DeploymentRow, now: number): Deployment {
  const { budget, resources, initial_events, ...settings } = settingsOf(row);
  // Written by this folder.
  const paused_reason = row.paused_reason === null ? null : (JSON.parse(row.paused_reason) as PausedReason);
  return {
    type: 'deployment',
    id: row.id,
    ...settings,
    agent: { type: 'agent', id: row.agent_id, version: row.agent_version },
    initial_events,
    resources,
    ...(budget && { budget }),
    schedule: toSchedule(row, now),
    status: paused_reason === null ? 'active' : 'paused',
    paused_reason,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
    archived_at: toTimestamp(row.archived_at),
  };
}

const SHOWN = 5;

function toSchedule(row: DeploymentRow, now: number): Deployment['schedule'] {
  const timing = timingOf(row);
  if (!timing) return null;
  const { type, expression, timezone, cron } = timing;
  const upcoming = row.archived_at === null ? occurrences(cron, timezone, now, SHOWN) : [];
  return {
    type,
    expression,
    timezone,
    last_run_at: toTimestamp(row.last_run_at),
    upcoming_runs_at: upcoming.map((instant) => toTimestamp(instant)),
  };
}
