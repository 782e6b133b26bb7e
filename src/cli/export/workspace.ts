import { takeFile } from './file.js';
import { takeSession } from './session.js';
import { takeBytes, takeList, type Walk } from './walk.js';

const PAGE = { limit: 100 };
const ALL = { ...PAGE, include_archived: true };
const LONG = { limit: 1_000 };

/** Everything in the workspace of the client's key, archived things too. */
export async function takeWorkspace(walk: Walk): Promise<void> {
  await takeList(walk, 'workspaces.jsonl', listOwn(walk, '/drover/workspaces'));
  await takeList(walk, 'api_keys.jsonl', listOwn(walk, '/drover/api_keys'));
  await takeAgents(walk);
  await takeEnvironments(walk);
  await takeVaults(walk);
  await takeSkills(walk);
  await takeMemory(walk);
  await takeList(walk, 'files.jsonl', walk.client.beta.files.list(LONG), (file) => takeFile(walk, file));
  await takeList(walk, 'sessions.jsonl', walk.client.beta.sessions.list({ ...ALL, order: 'asc' }), (session) =>
    takeSession(walk, session, { withFiles: false }),
  );
  await takeTheRest(walk);
}

/** An agent's versions, of which the highest is what it is now. */
export async function takeAgentVersions(walk: Walk, id: string): Promise<void> {
  await takeList(walk, `agents/${id}/versions.jsonl`, walk.client.beta.agents.versions.list(id, PAGE));
}

async function takeAgents(walk: Walk): Promise<void> {
  const { agents } = walk.client.beta;
  await takeList(walk, 'agents.jsonl', agents.list(ALL), ({ id }) => takeAgentVersions(walk, id));
}

async function takeEnvironments(walk: Walk): Promise<void> {
  const { environments } = walk.client.beta;
  await takeList(walk, 'environments.jsonl', environments.list(ALL), async ({ id, config }) => {
    if (config.type !== 'self_hosted') return;
    const keys = listOwn(walk, '/drover/environment_keys', { environment_id: id });
    await takeList(walk, `environments/${id}/keys.jsonl`, keys);
  });
}

/** Without secrets, which nobody is shown. */
async function takeVaults(walk: Walk): Promise<void> {
  const { vaults } = walk.client.beta;
  await takeList(walk, 'vaults.jsonl', vaults.list(ALL), ({ id }) =>
    takeList(walk, `vaults/${id}/credentials.jsonl`, vaults.credentials.list(id, ALL)),
  );
}

async function takeSkills(walk: Walk): Promise<void> {
  const { skills } = walk.client.beta;
  await takeList(walk, 'skills.jsonl', skills.list(PAGE), ({ id: skill_id }) =>
    takeList(walk, `skills/${skill_id}/versions.jsonl`, skills.versions.list(skill_id, LONG), ({ id }) =>
      takeBytes(walk, `skills/${skill_id}/${id}.zip`, () => skills.versions.download(id, { skill_id }).asResponse()),
    ),
  );
}

async function takeMemory(walk: Walk): Promise<void> {
  const { memoryStores } = walk.client.beta;
  const full = { limit: 20, view: 'full' as const };
  await takeList(walk, 'memory_stores.jsonl', memoryStores.list(ALL), async ({ id }) => {
    const at = `memory_stores/${id}`;
    await takeList(walk, `${at}/memories.jsonl`, memoryStores.memories.list(id, full));
    await takeList(walk, `${at}/memory_versions.jsonl`, memoryStores.memoryVersions.list(id, full));
  });
}

async function takeTheRest(walk: Walk): Promise<void> {
  const { deploymentRuns, deployments, dreams, organization, tunnels, userProfiles } = walk.client.beta;
  await takeList(walk, 'deployments.jsonl', deployments.list(ALL));
  await takeList(walk, 'deployment_runs.jsonl', deploymentRuns.list(PAGE));
  await takeList(walk, 'dreams.jsonl', dreams.list(ALL));
  await takeList(walk, 'user_profiles.jsonl', userProfiles.list(PAGE));
  await takeList(walk, 'tunnels.jsonl', tunnels.list(ALL), ({ id }) =>
    takeList(walk, `tunnels/${id}/certificates.jsonl`, tunnels.certificates.list(id, ALL)),
  );
  await takeList(walk, 'organization_webhooks.jsonl', organization.webhooks.list(PAGE));
  await takeList(walk, 'webhooks.jsonl', listOwn(walk, '/drover/webhooks'));
}

/** A list that the published API leaves to a console. */
async function* listOwn({ client }: Walk, path: string, query: Record<string, string> = {}): AsyncGenerator<object> {
  for (let page: string | null | undefined; page !== null;) {
    const asked = { ...query, ...PAGE, ...(page !== undefined && { page }) };
    const answer = await client.get<{ data: object[]; next_page?: string | null }>(path, { query: asked });
    yield* answer.data;
    page = answer.next_page ?? null;
  }
}
