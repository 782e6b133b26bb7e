import { type Anthropic, APIError } from '@anthropic-ai/sdk';
import { sql } from 'kysely';
import { CA_PEM } from '../support/certificates.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { skillFiles } from '../support/skill-files.js';

/*
 * Something goes, or is archived, at the very moment at which something is made in it. Either may come first, and whoever
 * comes second is told so: never an error of the server, and nothing is left that hangs in the air.
 */

const ROUNDS = 6;

let server: TestServer;
let beta: Anthropic['beta'];
let agent: string;
let environment: string;
beforeAll(async () => {
  server = await startTestServer();
  beta = server.client.beta;
  agent = (await beta.agents.create({ name: 'a', model: 'm' })).id;
  environment = (await beta.environments.create({ name: 'e' })).id;
});
afterAll(() => server.stop());

interface Race {
  name: string;
  /** Makes the one, and gives how it goes and how the other is made in it. */
  make: () => Promise<readonly (() => PromiseLike<unknown>)[]>;
  /** How many rows hang in the air. */
  orphans: string;
}

const bearer = (n: number) => ({
  auth: { type: 'static_bearer' as const, mcp_server_url: `https://${n}.example.com`, token: 't' },
});
const withoutParent = (table: string, column: string, parents: string) =>
  `select count(*) as count from ${table} where ${column} is not null
   and not exists (select 1 from ${parents} where ${parents}.id = ${table}.${column})`;
const liveIn = (table: string, column: string, parents: string) =>
  `select count(*) as count from ${table} join ${parents} on ${parents}.id = ${table}.${column}
   where ${parents}.archived_at is not null and ${table}.archived_at is null`;

const RACES: Race[] = [
  {
    name: 'a vault goes, credentials come',
    async make() {
      const { id } = await beta.vaults.create({ display_name: 'v' });
      const create = (n: number) => () => beta.vaults.credentials.create(id, bearer(n));
      return [create(1), () => beta.vaults.delete(id), create(2)];
    },
    orphans: withoutParent('vault_credentials', 'vault_id', 'vaults'),
  },
  {
    name: 'a vault is archived, credentials come',
    async make() {
      const { id } = await beta.vaults.create({ display_name: 'v' });
      const create = (n: number) => () => beta.vaults.credentials.create(id, bearer(n));
      return [create(1), () => beta.vaults.archive(id), create(2)];
    },
    orphans: liveIn('vault_credentials', 'vault_id', 'vaults'),
  },
  {
    name: 'a skill goes, a version comes',
    async make() {
      const { id } = await beta.skills.create({ files: skillFiles('s') });
      const create = () => beta.skills.versions.create(id, { files: skillFiles('s') });
      return [create, () => beta.skills.delete(id)];
    },
    orphans: withoutParent('skill_versions', 'skill_id', 'skills'),
  },
  {
    name: 'both versions of a skill go',
    async make() {
      const { id: skill_id, latest_version_id } = await beta.skills.create({ files: skillFiles('s') });
      const { id } = await beta.skills.versions.create(skill_id, { files: skillFiles('s') });
      return [latest_version_id, id].map((version) => () => beta.skills.versions.delete(version, { skill_id }));
    },
    orphans: withoutParent('skills', 'latest_version_id', 'skill_versions'),
  },
  {
    name: 'a memory store goes, memories come',
    async make() {
      const { id } = await beta.memoryStores.create({ name: 's' });
      const create = (path: string) => () => beta.memoryStores.memories.create(id, { path, content: 'x' });
      return [create('/a'), () => beta.memoryStores.delete(id), create('/b')];
    },
    orphans: withoutParent('memory_versions', 'memory_store_id', 'memory_stores'),
  },
  {
    name: 'an environment goes, a session comes',
    async make() {
      const { id: environment_id } = await beta.environments.create({ name: 'e' });
      return [
        () => beta.sessions.create({ agent, environment_id }),
        () => beta.environments.delete(environment_id),
        () => beta.sessions.create({ agent, environment_id }),
      ];
    },
    orphans: withoutParent('sessions', 'environment_id', 'environments'),
  },
  {
    name: 'an environment goes, a key for its workers comes',
    async make() {
      const { id: environment_id } = await beta.environments.create({ name: 'e', config: { type: 'self_hosted' } });
      const body = { name: 'k', environment_id };
      const create = () => server.client.post('/drover/environment_keys', { body });
      return [create, () => beta.environments.delete(environment_id), create];
    },
    orphans: withoutParent('api_keys', 'environment_id', 'environments'),
  },
  {
    name: 'a tunnel is archived, certificates come',
    async make() {
      const { id } = await beta.tunnels.create({});
      const create = () => beta.tunnels.certificates.create(id, { ca_certificate_pem: CA_PEM });
      return [create, () => beta.tunnels.archive(id), create];
    },
    orphans: liveIn('tunnel_certificates', 'tunnel_id', 'tunnels'),
  },
  {
    name: 'an agent is archived, a deployment comes',
    async make() {
      const { id } = await beta.agents.create({ name: 'a', model: 'm' });
      const initial_events = [{ type: 'user.message' as const, content: [{ type: 'text' as const, text: 'go' }] }];
      const create = () =>
        beta.deployments.create({ name: 'd', agent: id, environment_id: environment, initial_events });
      return [create, () => beta.agents.archive(id), create];
    },
    orphans: liveIn('deployments', 'agent_id', 'agents'),
  },
  {
    name: 'a file goes, a session gets it',
    async make() {
      const { id: file_id } = await beta.files.upload({ file: new File(['x'], 'a.txt') });
      const resources = [{ type: 'file' as const, file_id }];
      const create = () => beta.sessions.create({ agent, environment_id: environment, resources });
      return [create, () => beta.files.delete(file_id), create];
    },
    orphans: withoutParent('session_resources', 'file_id', 'files'),
  },
  {
    name: 'a session goes, a file comes',
    async make() {
      const { id: file_id } = await beta.files.upload({ file: new File(['x'], 'a.txt') });
      const { id } = await beta.sessions.create({ agent, environment_id: environment });
      const add = () => beta.sessions.resources.add(id, { type: 'file', file_id });
      return [add, () => beta.sessions.delete(id), add];
    },
    orphans: withoutParent('session_resources', 'session_id', 'sessions'),
  },
  {
    name: 'a session goes twice',
    async make() {
      const { id } = await beta.sessions.create({ agent, environment_id: environment });
      return [() => beta.sessions.delete(id), () => beta.sessions.delete(id)];
    },
    orphans: 'select count(*) as count from sessions where deleted_at is not null',
  },
];

test.each(RACES)('$name', async ({ make, orphans }) => {
  const rounds = await Promise.all(Array.from({ length: ROUNDS }, make));
  const outcomes = await Promise.allSettled(rounds.flatMap((acts) => acts.map((act) => act())));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused.filter((error) => !(error instanceof APIError) || ![400, 404].includes(error.status ?? 0))).toEqual(
    [],
  );
  expect(server.reported).toEqual([]);
  const { rows } = await sql.raw<{ count: number }>(orphans).execute(server.db);
  expect(Number(rows[0]?.count)).toBe(0);
});
