import { ApiError } from '../api-error.js';
import type { WebhookEndpoints } from '../catalog/webhooks/endpoints.js';
import type { Call, Handler, Handlers } from './handler.js';
import { readIdQuery, toIdPage } from './id-page.js';
import type { Query } from './query.js';

const BETA = 'webhooks-2026-10-07';
const ORDERS = ['asc', 'desc'] as const;

/** Endpoints §13. */
export function organizationWebhookHandlers(endpoints: WebhookEndpoints): Handlers {
  return {
    'organization.webhooks.create': enrolled(({ body }) => endpoints.create(body)),
    'organization.webhooks.retrieve': enrolled((call) => endpoints.retrieve(id(call))),
    'organization.webhooks.update': enrolled((call) => endpoints.update(id(call), call.body)),
    'organization.webhooks.list': enrolled(({ query }) => listWebhooks(endpoints, query)),
    'organization.webhooks.delete': enrolled((call) => endpoints.delete(id(call))),
    'organization.webhooks.regenerateSigningSecret': enrolled((call) => endpoints.regenerateSigningSecret(id(call))),
  };
}

async function listWebhooks(endpoints: WebhookEndpoints, query: Query) {
  const order = query.oneOf('order', ORDERS) ?? 'desc';
  return toIdPage(await endpoints.list({ ...readIdQuery(query), order }));
}

function enrolled(handler: (call: Call) => Promise<unknown>): Handler {
  return async (call) => {
    if (call.betas.includes(BETA)) return handler(call);
    throw new ApiError('not_found_error', `There is nothing here without the beta header ${BETA}.`);
  };
}

function id({ param }: Call): string {
  return param('webhook_id');
}
