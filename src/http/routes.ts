/** A row of the contract: method, path, and the operation as the SDK names it under `client.beta`. */
export type Route = readonly [method: 'GET' | 'POST' | 'DELETE', path: string, operation: string];

/** The whole API, in the order of its published list. What has no handler yet answers 501. */
export const ROUTES = [
  // Agents, 1-6
  ['POST', '/v1/agents', 'agents.create'],
  ['GET', '/v1/agents/:agent_id', 'agents.retrieve'],
  ['POST', '/v1/agents/:agent_id', 'agents.update'],
  ['GET', '/v1/agents', 'agents.list'],
  ['POST', '/v1/agents/:agent_id/archive', 'agents.archive'],
  ['GET', '/v1/agents/:agent_id/versions', 'agents.versions.list'],
  // Environments and their work queues, 7-20
  ['POST', '/v1/environments', 'environments.create'],
  ['GET', '/v1/environments/:environment_id', 'environments.retrieve'],
  ['POST', '/v1/environments/:environment_id', 'environments.update'],
  ['GET', '/v1/environments', 'environments.list'],
  ['DELETE', '/v1/environments/:environment_id', 'environments.delete'],
  ['POST', '/v1/environments/:environment_id/archive', 'environments.archive'],
  ['GET', '/v1/environments/:environment_id/work/:work_id', 'environments.work.retrieve'],
  ['POST', '/v1/environments/:environment_id/work/:work_id', 'environments.work.update'],
  ['GET', '/v1/environments/:environment_id/work', 'environments.work.list'],
  ['POST', '/v1/environments/:environment_id/work/:work_id/ack', 'environments.work.ack'],
  ['POST', '/v1/environments/:environment_id/work/:work_id/heartbeat', 'environments.work.heartbeat'],
  ['GET', '/v1/environments/:environment_id/work/poll', 'environments.work.poll'],
  ['GET', '/v1/environments/:environment_id/work/stats', 'environments.work.stats'],
  ['POST', '/v1/environments/:environment_id/work/:work_id/stop', 'environments.work.stop'],
  // Sessions, 21-39
  ['POST', '/v1/sessions', 'sessions.create'],
  ['GET', '/v1/sessions/:session_id', 'sessions.retrieve'],
  ['POST', '/v1/sessions/:session_id', 'sessions.update'],
  ['GET', '/v1/sessions', 'sessions.list'],
  ['DELETE', '/v1/sessions/:session_id', 'sessions.delete'],
  ['POST', '/v1/sessions/:session_id/archive', 'sessions.archive'],
  ['GET', '/v1/sessions/:session_id/events', 'sessions.events.list'],
  ['POST', '/v1/sessions/:session_id/events', 'sessions.events.send'],
  ['GET', '/v1/sessions/:session_id/events/stream', 'sessions.events.stream'],
  ['GET', '/v1/sessions/:session_id/resources/:resource_id', 'sessions.resources.retrieve'],
  ['POST', '/v1/sessions/:session_id/resources/:resource_id', 'sessions.resources.update'],
  ['GET', '/v1/sessions/:session_id/resources', 'sessions.resources.list'],
  ['DELETE', '/v1/sessions/:session_id/resources/:resource_id', 'sessions.resources.delete'],
  ['POST', '/v1/sessions/:session_id/resources', 'sessions.resources.add'],
  ['GET', '/v1/sessions/:session_id/threads/:thread_id', 'sessions.threads.retrieve'],
  ['GET', '/v1/sessions/:session_id/threads', 'sessions.threads.list'],
  ['POST', '/v1/sessions/:session_id/threads/:thread_id/archive', 'sessions.threads.archive'],
  ['GET', '/v1/sessions/:session_id/threads/:thread_id/events', 'sessions.threads.events.list'],
  ['GET', '/v1/sessions/:session_id/threads/:thread_id/stream', 'sessions.threads.events.stream'],
  // Vaults and credentials, 40-52
  ['POST', '/v1/vaults', 'vaults.create'],
  ['GET', '/v1/vaults/:vault_id', 'vaults.retrieve'],
  ['POST', '/v1/vaults/:vault_id', 'vaults.update'],
  ['GET', '/v1/vaults', 'vaults.list'],
  ['DELETE', '/v1/vaults/:vault_id', 'vaults.delete'],
  ['POST', '/v1/vaults/:vault_id/archive', 'vaults.archive'],
  ['POST', '/v1/vaults/:vault_id/credentials', 'vaults.credentials.create'],
  ['GET', '/v1/vaults/:vault_id/credentials/:credential_id', 'vaults.credentials.retrieve'],
  ['POST', '/v1/vaults/:vault_id/credentials/:credential_id', 'vaults.credentials.update'],
  ['GET', '/v1/vaults/:vault_id/credentials', 'vaults.credentials.list'],
  ['DELETE', '/v1/vaults/:vault_id/credentials/:credential_id', 'vaults.credentials.delete'],
  ['POST', '/v1/vaults/:vault_id/credentials/:credential_id/archive', 'vaults.credentials.archive'],
  ['POST', '/v1/vaults/:vault_id/credentials/:credential_id/mcp_oauth_validate', 'vaults.credentials.mcpOAuthValidate'],
  // Memory stores, 53-66
  ['POST', '/v1/memory_stores', 'memoryStores.create'],
  ['GET', '/v1/memory_stores/:memory_store_id', 'memoryStores.retrieve'],
  ['POST', '/v1/memory_stores/:memory_store_id', 'memoryStores.update'],
  ['GET', '/v1/memory_stores', 'memoryStores.list'],
  ['DELETE', '/v1/memory_stores/:memory_store_id', 'memoryStores.delete'],
  ['POST', '/v1/memory_stores/:memory_store_id/archive', 'memoryStores.archive'],
  ['POST', '/v1/memory_stores/:memory_store_id/memories', 'memoryStores.memories.create'],
  ['GET', '/v1/memory_stores/:memory_store_id/memories/:memory_id', 'memoryStores.memories.retrieve'],
  ['POST', '/v1/memory_stores/:memory_store_id/memories/:memory_id', 'memoryStores.memories.update'],
  ['GET', '/v1/memory_stores/:memory_store_id/memories', 'memoryStores.memories.list'],
  ['DELETE', '/v1/memory_stores/:memory_store_id/memories/:memory_id', 'memoryStores.memories.delete'],
  [
    'GET',
    '/v1/memory_stores/:memory_store_id/memory_versions/:memory_version_id',
    'memoryStores.memoryVersions.retrieve',
  ],
  ['GET', '/v1/memory_stores/:memory_store_id/memory_versions', 'memoryStores.memoryVersions.list'],
  [
    'POST',
    '/v1/memory_stores/:memory_store_id/memory_versions/:memory_version_id/redact',
    'memoryStores.memoryVersions.redact',
  ],
  // Skills, 67-75
  ['POST', '/v1/skills', 'skills.create'],
  ['GET', '/v1/skills/:skill_id', 'skills.retrieve'],
  ['GET', '/v1/skills', 'skills.list'],
  ['DELETE', '/v1/skills/:skill_id', 'skills.delete'],
  ['POST', '/v1/skills/:skill_id/versions', 'skills.versions.create'],
  ['GET', '/v1/skills/:skill_id/versions/:version', 'skills.versions.retrieve'],
  ['GET', '/v1/skills/:skill_id/versions', 'skills.versions.list'],
  ['DELETE', '/v1/skills/:skill_id/versions/:version', 'skills.versions.delete'],
  ['GET', '/v1/skills/:skill_id/versions/:version/content', 'skills.versions.download'],
  // Files, 76-80
  ['POST', '/v1/files', 'files.upload'],
  ['GET', '/v1/files', 'files.list'],
  ['GET', '/v1/files/:file_id', 'files.retrieveMetadata'],
  ['GET', '/v1/files/:file_id/content', 'files.download'],
  ['DELETE', '/v1/files/:file_id', 'files.delete'],
  // Deployments and their runs, 81-90
  ['POST', '/v1/deployments', 'deployments.create'],
  ['GET', '/v1/deployments/:deployment_id', 'deployments.retrieve'],
  ['POST', '/v1/deployments/:deployment_id', 'deployments.update'],
  ['GET', '/v1/deployments', 'deployments.list'],
  ['POST', '/v1/deployments/:deployment_id/archive', 'deployments.archive'],
  ['POST', '/v1/deployments/:deployment_id/pause', 'deployments.pause'],
  ['POST', '/v1/deployments/:deployment_id/run', 'deployments.run'],
  ['POST', '/v1/deployments/:deployment_id/unpause', 'deployments.unpause'],
  ['GET', '/v1/deployment_runs/:deployment_run_id', 'deploymentRuns.retrieve'],
  ['GET', '/v1/deployment_runs', 'deploymentRuns.list'],
  // Dreams, 91-95
  ['POST', '/v1/dreams', 'dreams.create'],
  ['GET', '/v1/dreams/:dream_id', 'dreams.retrieve'],
  ['GET', '/v1/dreams', 'dreams.list'],
  ['POST', '/v1/dreams/:dream_id/archive', 'dreams.archive'],
  ['POST', '/v1/dreams/:dream_id/cancel', 'dreams.cancel'],
  // User profiles, 96-102
  ['POST', '/v1/user_profiles', 'userProfiles.create'],
  ['GET', '/v1/user_profiles/:user_profile_id', 'userProfiles.retrieve'],
  ['POST', '/v1/user_profiles/:user_profile_id', 'userProfiles.update'],
  ['GET', '/v1/user_profiles', 'userProfiles.list'],
  ['DELETE', '/v1/user_profiles/:user_profile_id', 'userProfiles.delete'],
  ['POST', '/v1/user_profiles/:user_profile_id/enrollment_url', 'userProfiles.createEnrollmentURL'],
  ['POST', '/v1/user_profiles/:user_profile_id/action_urls', 'userProfiles.actionURLs.create'],
  // Tunnels, 103-112
  ['POST', '/v1/tunnels', 'tunnels.create'],
  ['GET', '/v1/tunnels/:tunnel_id', 'tunnels.retrieve'],
  ['GET', '/v1/tunnels', 'tunnels.list'],
  ['POST', '/v1/tunnels/:tunnel_id/archive', 'tunnels.archive'],
  ['POST', '/v1/tunnels/:tunnel_id/reveal_token', 'tunnels.revealToken'],
  ['POST', '/v1/tunnels/:tunnel_id/rotate_token', 'tunnels.rotateToken'],
  ['POST', '/v1/tunnels/:tunnel_id/certificates', 'tunnels.certificates.create'],
  ['GET', '/v1/tunnels/:tunnel_id/certificates/:certificate_id', 'tunnels.certificates.retrieve'],
  ['GET', '/v1/tunnels/:tunnel_id/certificates', 'tunnels.certificates.list'],
  ['POST', '/v1/tunnels/:tunnel_id/certificates/:certificate_id/archive', 'tunnels.certificates.archive'],
  // Organization webhooks, 113-118
  ['POST', '/v1/organizations/webhooks', 'organization.webhooks.create'],
  ['GET', '/v1/organizations/webhooks/:webhook_id', 'organization.webhooks.retrieve'],
  ['POST', '/v1/organizations/webhooks/:webhook_id', 'organization.webhooks.update'],
  ['GET', '/v1/organizations/webhooks', 'organization.webhooks.list'],
  ['DELETE', '/v1/organizations/webhooks/:webhook_id', 'organization.webhooks.delete'],
  [
    'POST',
    '/v1/organizations/webhooks/:webhook_id/regenerate_signing_secret',
    'organization.webhooks.regenerateSigningSecret',
  ],
  // Models, 119-120
  ['GET', '/v1/models/:model_id', 'models.retrieve'],
  ['GET', '/v1/models', 'models.list'],
] as const satisfies readonly Route[];

/** Routes of our own, for who runs the server: what the published API leaves to a console. They need the scope `admin`. */
export const ADMIN_ROUTES = [
  ['POST', '/drover/workspaces', 'drover.workspaces.create'],
  ['GET', '/drover/workspaces', 'drover.workspaces.list'],
  ['POST', '/drover/api_keys', 'drover.apiKeys.create'],
  ['GET', '/drover/api_keys', 'drover.apiKeys.list'],
  ['POST', '/drover/api_keys/:api_key_id/revoke', 'drover.apiKeys.revoke'],
  ['POST', '/drover/environment_keys', 'drover.environmentKeys.create'],
  ['GET', '/drover/environment_keys', 'drover.environmentKeys.list'],
  ['POST', '/drover/environment_keys/:environment_key_id/revoke', 'drover.environmentKeys.revoke'],
  ['POST', '/drover/webhooks', 'drover.webhooks.create'],
  ['GET', '/drover/webhooks', 'drover.webhooks.list'],
  ['GET', '/drover/webhooks/:webhook_id', 'drover.webhooks.retrieve'],
  ['POST', '/drover/webhooks/:webhook_id', 'drover.webhooks.update'],
  ['DELETE', '/drover/webhooks/:webhook_id', 'drover.webhooks.delete'],
  ['POST', '/drover/webhooks/:webhook_id/regenerate_signing_secret', 'drover.webhooks.regenerateSigningSecret'],
  ['GET', '/drover/files/:file_id/content', 'drover.files.download'],
] as const satisfies readonly Route[];

export type Operation = (typeof ROUTES)[number][2];
export type AdminOperation = (typeof ADMIN_ROUTES)[number][2];
export type AnyOperation = Operation | AdminOperation;
export type AnyRoute = Route & { readonly 2: AnyOperation };

export function isAdminRoute([, path]: Route): boolean {
  return path.startsWith('/drover/');
}
