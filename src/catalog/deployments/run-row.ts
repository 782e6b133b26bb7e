import type Anthropic from '@anthropic-ai/sdk';
import { toTimestamp } from '../clock.js';
import type { DeploymentRunRow } from './deployment-tables.js';

export type DeploymentRun = Anthropic.Beta.DeploymentRuns.BetaManagedAgentsDeploymentRun;
export type RunError = NonNullable<DeploymentRun['error']>;

export function toRun(row: DeploymentRunRow): DeploymentRun {
  return {
    type: 'deployment_run',
    id: row.id,
    deployment_id: row.deployment_id,
    agent: { type: 'agent', id: row.agent_id, version: row.agent_version },
    trigger_context:
      row.scheduled_at === null
        ? { type: 'manual' }
        : { type: 'schedule', scheduled_at: toTimestamp(row.scheduled_at) },
    session_id: row.error === null ? row.session_id : null,
    // Written by this folder.
    error: row.error === null ? null : (JSON.parse(row.error) as RunError),
    created_at: toTimestamp(row.created_at),
  };
}
