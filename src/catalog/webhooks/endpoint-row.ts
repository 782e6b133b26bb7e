import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import type { WebhookEndpointRow } from './webhook-tables.js';
import type { WebhookEventType } from './event-types.js';

/** An endpoint as it is shown: of a workspace it looks as one of the organization does, but for its events. */
export type WebhookEndpoint = Omit<Anthropic.Beta.Organization.BetaOrganizationWebhookEndpoint, 'enabled_events'> & {
  enabled_events: WebhookEventType[];
};

/** Since when (ms) an endpoint is told of each type: what happened before is not for it. */
export type EnabledEvents = { [Type in WebhookEventType]?: number };

export function enabledEvents(row: Pick<WebhookEndpointRow, 'enabled_events'>): EnabledEvents {
  // Written by `endpoints.ts` and by nothing else.
  return JSON.parse(row.enabled_events) as EnabledEvents;
}

export function typesOf(enabled: EnabledEvents): WebhookEventType[] {
  // Its keys are types; Object.keys forgets that.
  return Object.keys(enabled) as WebhookEventType[];
}

export function toEndpoint(row: WebhookEndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    url: row.url,
    name: row.name,
    description: row.description,
    enabled_events: typesOf(enabledEvents(row)),
    state: row.state,
    disabled_reason: row.disabled_reason,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
}

/** All endpoints of an owner: a workspace, or null for the organization. There are never many. */
export function selectEndpoints(db: Database, owner: string | null) {
  return db
    .selectFrom('webhook_endpoints')
    .selectAll()
    .where((eb) => (owner === null ? eb('workspace', 'is', null) : eb('workspace', '=', owner)));
}

/** One endpoint; `not_found_error` when its owner has none of this id. */
export async function readEndpoint(db: Database, owner: string | null, id: string): Promise<WebhookEndpointRow> {
  const row = await selectEndpoints(db, owner).where('id', '=', id).executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no webhook endpoint ${id}.`);
  return row;
}
