import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportTo } from '../../src/cli/export/export.js';
import type { Missing } from '../../src/cli/export/walk.js';
import type { Tables } from '../../src/storage/database.js';
import { memoryScene } from '../fuzz/scene.js';
import { newKey, newWorkspace } from '../support/admin.js';
import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';

type Table = keyof Tables;
type Row<Of extends Table> = { [Column in keyof Tables[Of]]: unknown };

/** By what each row is found in an export. A table that is neither here nor below does not compile. */
const TAKEN: { readonly [Of in Exclude<Table, keyof typeof LEFT>]: (row: Row<Of>) => unknown } = {
  workspaces: ({ id }) => id,
  api_keys: ({ id }) => id,
  agents: ({ id }) => id,
  agent_versions: ({ agent_id, version }) => `"id":"${String(agent_id)}","version":${String(version)}`,
  environments: ({ id }) => id,
  sessions: ({ id }) => id,
  session_resources: ({ id, memory_store_id }) => id ?? memory_store_id,
  // In the session's agent.
  session_skills: ({ version_id }) => version_id,
  vaults: ({ id }) => id,
  vault_credentials: ({ id }) => id,
  files: ({ id }) => id,
  session_outputs: ({ file_id }) => file_id,
  skills: ({ id }) => id,
  skill_versions: ({ id }) => `${String(id)}.zip`,
  memory_stores: ({ id }) => id,
  memories: ({ id }) => id,
  memory_versions: ({ id }) => id,
  deployments: ({ id }) => id,
  deployment_runs: ({ id }) => id,
  dreams: ({ id }) => id,
  user_profiles: ({ id }) => id,
  tunnels: ({ id }) => id,
  tunnel_certificates: ({ id }) => id,
  webhook_endpoints: ({ id }) => id,
  'projection.session_states': ({ session_id }) => session_id,
};

/** What is not a noun of the API, and why it is left. */
const LEFT = {
  tunnel_tokens: 'secrets that were',
  memory_mounts: 'how far a sandbox has a store',
  memory_mount_files: 'the same',
  webhook_outbox: 'on its way',
  webhook_cursors: 'how far a session has been told of',
  work_items: 'what waits for workers',
  work_tokens: 'secrets',
  work_pollers: 'who asked of late',
  database_owner: 'of the server, not of a workspace',
  schema_version: 'the same',
  'projection.schema_version': 'the same',
  'projection.threads': 'how far a history has been read',
  'projection.log': 'events, which here are in memory: test/wire/export.test.ts looks at them',
} as const satisfies { readonly [Of in Table]?: string };

let server: TestServer;
let scratch: string;
beforeAll(async () => {
  server = await startTestServer();
  scratch = mkdtempSync(join(tmpdir(), 'drover-export-'));
});
afterAll(async () => {
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});

function run(apiKey: string, name: string, what = 'workspace'): Promise<Missing[]> {
  return exportTo({ url: server.url, apiKey, what, directory: join(scratch, name), now: () => new Date() });
}

/** All paths and all bytes. */
function textOf(name: string): string {
  const entries = readdirSync(join(scratch, name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.flatMap((path) => [path, readFileSync(path, 'utf8')]).join('\n');
}

test('every row of every table is in an export, or the table is named as one that is left', async () => {
  const { client, db } = server;
  const { agent_id, environment_id, memory_store_id, skill_id } = await memoryScene(server);
  const skills = [{ type: 'custom' as const, skill_id }];
  await client.beta.agents.update(agent_id, { skills, tools: [{ type: 'agent_toolset_20260401' }] });
  const resources = [{ type: 'memory_store' as const, memory_store_id }];
  const session = await client.beta.sessions.create({ agent: agent_id, environment_id, resources });
  const made = { id: 'file_made', workspace: 'wrkspc_default', filename: 'a', mime_type: 'text/plain', size_bytes: 0 };
  const of = { content: null, session_id: session.id, downloadable: 1, created_at: 1, expires_at: null };
  await db
    .insertInto('files')
    .values({ ...made, ...of })
    .execute();
  const output = { session_id: session.id, path: 'a', stamp: '', size_bytes: 0, content: '', file_id: made.id };
  await db.insertInto('session_outputs').values(output).execute();
  await client.beta.agents.archive((await client.beta.agents.create({ name: 'archived', model: 'm' })).id);
  await newKey(server);
  const body = JSON.stringify({ url: 'https://example.com/x', enabled_events: ['session.deleted'], name: 'h' });
  await rawFetch(server, '/drover/webhooks', { method: 'POST', body });

  const missing = await run(API_KEY, 'all');
  // It has no bytes.
  expect(missing).toEqual([{ path: 'files/file_made/a', reason: expect.any(String) }]);
  const text = textOf('all');
  const absent: string[] = [];
  for (const [table, markOf] of entriesOf(TAKEN)) {
    const rows = await db.selectFrom(table).selectAll().execute();
    expect([table, rows.length]).not.toEqual([table, 0]);
    // Each function is of its table.
    const marks = rows.map((row) => String(markOf(row as never)));
    absent.push(...marks.filter((mark) => !text.includes(mark)).map((mark) => `${table}: ${mark}`));
  }
  expect(absent).toEqual([]);
});

test('another workspace’s export has nothing of this one, and no more than its key may see', async () => {
  const { workspace, key } = await newWorkspace(server, ['read']);
  const missing = await run(key.key, 'other');
  expect(missing.map(({ path }) => path).toSorted()).toEqual(
    ['api_keys', 'organization_webhooks', 'webhooks', 'workspaces'].map((name) => `${name}.jsonl`),
  );
  const text = textOf('other');
  expect(text).not.toMatch(/agent_|sesn_|file_\w{24}/);
  expect(text).not.toContain(workspace.id);
  expect(existsSync(join(scratch, 'other', 'agents.jsonl'))).toBe(true);
});

function entriesOf(taken: typeof TAKEN) {
  // The keys of a literal are those of its type.
  return Object.entries(taken) as [keyof typeof TAKEN, (row: never) => unknown][];
}
