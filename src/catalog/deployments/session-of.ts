import type { Secrets } from '../../vault/secrets.js';
import type { SessionParams } from '../sessions/session-create.js';
import type { DeploymentRow } from './deployment-tables.js';
import { givenOf } from './deployment-settings.js';

/** What a deployment's sessions are made with: the pinned version, and the rest as it is set now. */
export function sessionOf(row: DeploymentRow, secrets: Secrets): SessionParams {
  const { environment_id, initial_events, resources, vault_ids, budget } = givenOf(secrets, row);
  const agent = { type: 'agent' as const, id: row.agent_id, version: row.agent_version };
  const params = { agent, environment_id, initial_events, vault_ids, resources };
  return budget ? { ...params, budget } : params;
}
