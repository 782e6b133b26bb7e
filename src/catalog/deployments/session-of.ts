import type { SessionParams } from '../sessions/session-create.js';
import type { DeploymentRow } from '../tables.js';
import { settingsOf } from './deployment-row.js';

/** What a deployment's sessions are made with: the pinned version, and the rest as it is set now. */
export function sessionOf(row: DeploymentRow): SessionParams {
  const { environment_id, initial_events, resources, vault_ids, budget } = settingsOf(row);
  const agent = { type: 'agent' as const, id: row.agent_id, version: row.agent_version };
  return { agent, environment_id, initial_events, resources, vault_ids, ...(budget && { budget }) };
}
