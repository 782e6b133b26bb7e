import type Anthropic from '@anthropic-ai/sdk';

type EventData = Anthropic.Beta.BetaWebhookEventData;
export type WebhookEventType = EventData['type'];

type Untold<Data> = Data extends unknown ? Omit<Data, 'organization_id' | 'workspace_id'> : never;
/** What is announced of an event; whose it is, is added. */
export type Announcement = Untold<EventData>;

/**
 * What an endpoint of a workspace may be told of (behaviours §15). Left out are the older names of session events, and the
 * deletions of what cannot be deleted (unknowns 99 and 100).
 */
export const WORKSPACE_EVENTS = [
  'session.status_run_started',
  'session.status_idled',
  'session.status_rescheduled',
  'session.status_terminated',
  'session.budget_reached',
  'session.thread_created',
  'session.thread_idled',
  'session.thread_terminated',
  'session.outcome_evaluation_ended',
  'session.updated',
  'session.deleted',
  'agent.created',
  'agent.updated',
  'agent.archived',
  'deployment.created',
  'deployment.updated',
  'deployment.paused',
  'deployment.unpaused',
  'deployment.archived',
  'deployment_run.started',
  'deployment_run.succeeded',
  'deployment_run.failed',
  'environment.created',
  'environment.updated',
  'environment.archived',
  'environment.deleted',
  'memory_store.created',
  'memory_store.archived',
  'memory_store.deleted',
  'vault.created',
  'vault.archived',
  'vault.deleted',
  'vault_credential.created',
  'vault_credential.archived',
  'vault_credential.deleted',
  'vault_credential.refresh_failed',
] as const satisfies readonly WebhookEventType[];

/** What an endpoint of the organization may be told of (endpoints §13). */
export const ORGANIZATION_EVENTS = [
  'external_key.failed',
  'external_key.recovered',
  'user_profile.enforcement_action_opened',
  'user_profile.enforcement_action_resolved',
  'user_profile.program_status_updated',
] as const satisfies readonly WebhookEventType[];
