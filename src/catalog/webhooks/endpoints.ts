import { isDeepStrictEqual } from 'node:util';
import type Anthropic from '@anthropic-ai/sdk';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import type { Secrets } from '../../vault/secrets.js';
import { newSigningSecret } from '../../webhooks/sign.js';
import type { Clock } from '../clock.js';
import { type IdPage, type IdQuery, takeIdPage } from '../id-page.js';
import type { SortOrder } from '../page.js';
import type { WebhookEndpointRow } from './webhook-tables.js';
import { invalid, validate } from '../validate.js';
import type { Courier } from './courier.js';
import {
  type EnabledEvents,
  enabledEvents,
  readEndpoint,
  selectEndpoints,
  toEndpoint,
  typesOf,
  type WebhookEndpoint,
} from './endpoint-row.js';
import { type EndpointRules, endpointSchemas, type EndpointUpdate } from './endpoint-schema.js';
import type { WebhookEventType } from './event-types.js';

type Deleted = Anthropic.Beta.Organization.BetaDeletedOrganizationWebhookEndpoint;
type SigningSecret = Anthropic.Beta.Organization.BetaOrganizationWebhookEndpointSigningSecret;

/** Where events are sent to, of one workspace or of the organization. */
export interface WebhookEndpoints {
  /** With its signing secret, which no other answer has. */
  create(body: unknown): Promise<WebhookEndpoint & SigningSecret>;
  retrieve(id: string): Promise<WebhookEndpoint>;
  /** What happened while it was disabled is never sent. */
  update(id: string, body: unknown): Promise<WebhookEndpoint>;
  list(query: IdQuery & { order: SortOrder }): Promise<IdPage<WebhookEndpoint>>;
  /** Nothing more is sent to it, not even what was to be tried again. */
  delete(id: string): Promise<Deleted>;
  /** The old secret is good for nothing from now on. */
  regenerateSigningSecret(id: string): Promise<SigningSecret>;
}

export interface WebhookEndpointsDeps extends EndpointRules {
  db: Database;
  clock: Clock;
  now: Clock;
  secrets: Secrets;
  courier: Courier;
  /** A workspace; null is the organization. */
  owner: string | null;
}

/** Of each owner. */
const MAX_ENDPOINTS = 32;

export function createWebhookEndpoints(deps: WebhookEndpointsDeps): WebhookEndpoints {
  const { db, clock, now, secrets, courier, owner } = deps;
  const schemas = endpointSchemas(deps);
  /** Changes rows, and has it known. */
  const write = async <Result>(act: (tx: Database) => Promise<Result>): Promise<Result> => {
    const result = await db.transaction().execute(act);
    await courier.endpointsChanged();
    return result;
  };
  return {
    create(body) {
      const { url, enabled_events, name = '', description = '' } = validate(schemas.create, body);
      const shown = { url, name, description, state: 'enabled' as const, disabled_reason: '' };
      return write(async (tx) => {
        await makeRoom(tx, owner);
        const [id, at, signing_secret] = [newId('whep'), clock(), newSigningSecret()];
        const row: WebhookEndpointRow = {
          id,
          workspace: owner,
          ...shown,
          enabled_events: JSON.stringify(enabledSince({}, enabled_events, now())),
          created_at: at,
          updated_at: at,
          ...NO_FAILURES,
          ...secrets.seal(id, signing_secret),
        };
        await tx.insertInto('webhook_endpoints').values(row).execute();
        return { ...toEndpoint(row), signing_secret };
      });
    },

    retrieve: async (id) => toEndpoint(await readEndpoint(db, owner, id)),

    update(id, body) {
      const update = validate(schemas.update, body);
      return write(async (tx) => updateEndpoint(tx, await readEndpoint(tx, owner, id), update, deps));
    },

    async list({ order, ...query }) {
      const rows = await selectEndpoints(db, owner)
        // All have the same. Said, it lets Postgres go by the index: to it `is null` is no constant.
        .orderBy('workspace', order)
        .orderBy('created_at', order)
        .orderBy('id', order)
        .execute();
      return takeIdPage(rows.map(toEndpoint), query);
    },

    delete: (id) =>
      write(async (tx) => {
        await readEndpoint(tx, owner, id);
        await tx.deleteFrom('webhook_outbox').where('endpoint_id', '=', id).execute();
        await tx.deleteFrom('webhook_endpoints').where('id', '=', id).execute();
        return { id, type: 'webhook_endpoint_deleted' };
      }),

    regenerateSigningSecret: (id) =>
      write(async (tx) => {
        await readEndpoint(tx, owner, id);
        const signing_secret = newSigningSecret();
        const columns = { ...secrets.seal(id, signing_secret), updated_at: clock() };
        await tx.updateTable('webhook_endpoints').set(columns).where('id', '=', id).execute();
        return { signing_secret };
      }),
  };
}

const NO_FAILURES = { failures: 0, failing_since: null };

async function makeRoom(tx: Database, owner: string | null): Promise<void> {
  const rows = await selectEndpoints(tx, owner).execute();
  if (rows.length < MAX_ENDPOINTS) return;
  throw invalid('url', `there are ${MAX_ENDPOINTS} webhook endpoints already; delete one first`);
}

async function updateEndpoint(
  tx: Database,
  row: WebhookEndpointRow,
  update: EndpointUpdate,
  { clock, now }: Pick<WebhookEndpointsDeps, 'clock' | 'now'>,
): Promise<WebhookEndpoint> {
  const current = enabledEvents(row);
  const { url = row.url, name = row.name, description = row.description, state = row.state } = update;
  const isRevived = state === 'enabled' && row.state === 'disabled';
  const wanted = update.enabled_events?.length ? update.enabled_events : typesOf(current);
  // A person's own word stands in place of what the server found.
  const disabled_reason = state === 'enabled' || update.state === 'disabled' ? '' : row.disabled_reason;
  const columns = {
    url,
    name,
    description,
    state,
    disabled_reason,
    enabled_events: JSON.stringify(enabledSince(isRevived ? {} : current, wanted, now())),
    ...(isRevived && NO_FAILURES),
  };
  const changed: WebhookEndpointRow = { ...row, ...columns };
  if (isDeepStrictEqual(changed, { ...row })) return toEndpoint(row);
  const updated_at = clock();
  await tx
    .updateTable('webhook_endpoints')
    .set({ ...columns, updated_at })
    .where('id', '=', row.id)
    .execute();
  return toEndpoint({ ...changed, updated_at });
}

/** What is told already goes on as it was; the rest begins now. */
function enabledSince(known: EnabledEvents, types: readonly WebhookEventType[], now: number): EnabledEvents {
  return Object.fromEntries(types.map((type) => [type, known[type] ?? now]));
}
