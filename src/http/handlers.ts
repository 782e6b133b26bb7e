import type { Access } from '../catalog/access/access.js';
import type { Catalog, CatalogOf } from '../catalog/catalog.js';
import { accessHandlers } from './access.js';
import { adminWebhookHandlers } from './admin-webhooks.js';
import { agentHandlers } from './agents.js';
import { deploymentHandlers } from './deployments.js';
import { dreamHandlers } from './dreams.js';
import { environmentHandlers } from './environments.js';
import { eventHandlers } from './events.js';
import { adminFileHandlers, fileHandlers } from './files.js';
import type { AdminHandlers, Handlers, HandlersOf } from './handler.js';
import { memoryStoreHandlers } from './memory-stores.js';
import { modelHandlers } from './models.js';
import { resourceHandlers } from './resources.js';
import { sessionHandlers } from './sessions.js';
import { skillHandlers } from './skills.js';
import type { OpenStream, Streams } from './streams.js';
import { threadHandlers } from './threads.js';
import { tunnelHandlers } from './tunnels.js';
import { userProfileHandlers } from './user-profiles.js';
import { vaultHandlers } from './vaults.js';
import { organizationWebhookHandlers } from './webhooks.js';
import { workHandlers } from './work.js';

/** Makes each workspace's handlers when its first request comes. */
export function createHandlers(catalogOf: CatalogOf, streams: Streams): HandlersOf {
  const made = new Map<string, Handlers>();
  return (workspace) => {
    const handlers = made.get(workspace) ?? handlersFor(catalogOf(workspace), streams);
    made.set(workspace, handlers);
    return handlers;
  };
}

/** They act on whatever workspace a request names, and its key administers. */
export function createAdminHandlers(access: Access, catalogOf: CatalogOf): AdminHandlers {
  return { ...accessHandlers(access), ...adminWebhookHandlers(access, catalogOf), ...adminFileHandlers(catalogOf) };
}

function handlersFor(catalog: Catalog, streams: Streams): Handlers {
  const stream: OpenStream = (reply, id, deltas) =>
    streams.open(reply, { id, status: () => catalog.sessions.status(id) }, deltas);
  return {
    ...agentHandlers(catalog.agents),
    ...environmentHandlers(catalog.environments),
    ...sessionHandlers(catalog.sessions),
    ...resourceHandlers(catalog.resources),
    ...eventHandlers(catalog.events, stream),
    ...threadHandlers(catalog.threads, catalog.events, stream),
    ...vaultHandlers(catalog.vaults, catalog.credentials),
    ...fileHandlers(catalog.files),
    ...skillHandlers(catalog.skills, catalog.skillVersions),
    ...memoryStoreHandlers(catalog),
    ...dreamHandlers(catalog.dreams),
    ...deploymentHandlers(catalog.deployments, catalog.deploymentRuns),
    ...modelHandlers(catalog.models),
    ...userProfileHandlers(catalog.userProfiles),
    ...tunnelHandlers(catalog.tunnels, catalog.tunnelCertificates),
    ...organizationWebhookHandlers(catalog.organizationWebhooks),
    ...workHandlers(catalog.work),
  };
}
