import type { Access } from '../catalog/access/access.js';
import type { CatalogOf } from '../catalog/catalog.js';
import type { WebhookEndpoints } from '../catalog/webhooks/endpoints.js';
import type { AdminHandlers, Call, Handler } from './handler.js';

/** Endpoints of a workspace, which the published API leaves to a console. `workspace_id` may name another than the key's. */
export function adminWebhookHandlers({ workspaces }: Pick<Access, 'workspaces'>, catalogOf: CatalogOf) {
  const on =
    (act: (endpoints: WebhookEndpoints, call: Call) => Promise<unknown>): Handler =>
    async (call) => {
      const named = call.query.text('workspace_id') ?? call.principal.workspace;
      return act(catalogOf(await workspaces.resolve(call.principal, named)).webhooks, call);
    };
  return {
    'drover.webhooks.create': on((endpoints, { body }) => endpoints.create(body)),
    'drover.webhooks.list': on(listAll),
    'drover.webhooks.retrieve': on((endpoints, { param }) => endpoints.retrieve(param('webhook_id'))),
    'drover.webhooks.update': on((endpoints, { param, body }) => endpoints.update(param('webhook_id'), body)),
    'drover.webhooks.delete': on((endpoints, { param }) => endpoints.delete(param('webhook_id'))),
    'drover.webhooks.regenerateSigningSecret': on((endpoints, { param }) =>
      endpoints.regenerateSigningSecret(param('webhook_id')),
    ),
  } satisfies Partial<AdminHandlers>;
}

/** There are never so many that they would need pages. */
async function listAll(endpoints: WebhookEndpoints) {
  const { data } = await endpoints.list({ limit: 1_000, order: 'desc' });
  return { data, next_page: null };
}
