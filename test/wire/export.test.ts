import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runExport } from '../../src/bin/export.js';
import { exportTo } from '../../src/cli/export/export.js';
import { CA_PEM } from '../support/certificates.js';
import { skillFiles } from '../support/skill-files.js';
import { startWire, type Wire } from './server.js';
import { openTalk, type Talk } from './session.js';
import { bash } from './suite-tools.js';

const SECRETS = ['planted-secret-1f0a', 'planted-token-77b2'];

let wire: Wire;
let talk: Talk;
let scratch: string;
beforeAll(async () => {
  wire = await startWire();
  scratch = mkdtempSync(join(tmpdir(), 'drover-export-'));
  talk = await openTalk(wire, { tools: true, replies: [{ blocks: [bash('echo 42')] }] });
  await talk.turn('x'.repeat(20_000));
}, 300_000);
afterAll(async () => {
  await wire.stop();
  rmSync(scratch, { recursive: true, force: true });
});

interface Manifest {
  what: string;
  missing: { path: string; reason: string }[];
  files: { path: string; bytes: number; sha256: string; lines?: number }[];
}

/** Runs the command; gives the directory and what was noted. */
async function run(what: string, out: string): Promise<{ directory: string; printed: string[]; notes: string[] }> {
  const printed: string[] = [];
  const notes: string[] = [];
  const terminal = { print: (line: string) => void printed.push(line), note: (line: string) => void notes.push(line) };
  const directory = join(scratch, out);
  await runExport({ DROVER_DATA: wire.dataDir }, what, { out: directory }, terminal);
  return { directory, printed, notes };
}

function manifestOf(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as Manifest;
}

function linesOf(directory: string, path: string): { id?: string }[] {
  const lines = readFileSync(join(directory, path), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as { id?: string });
}

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1)).toSorted();
}

/** What the manifest says is what there is, to the byte. */
function checkManifest(directory: string): Manifest {
  const manifest = manifestOf(directory);
  const own = ['README.md', 'manifest.json'];
  expect(filesBelow(directory).filter((path) => !own.includes(path))).toEqual(
    manifest.files.map(({ path }) => path).toSorted(),
  );
  for (const { path, bytes, sha256, lines } of manifest.files) {
    const content = readFileSync(join(directory, path));
    expect([path, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([path, bytes, sha256]);
    expect([path, lines]).toEqual([path, path.endsWith('.jsonl') ? linesOf(directory, path).length : undefined]);
  }
  return manifest;
}

async function idsIn(list: AsyncIterable<{ id?: string; memory_store_id?: string }>): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const { id } of list) ids.push(id);
  return ids;
}

test('a session: itself, all its events and threads, and a manifest of every file', async () => {
  const { directory, printed, notes } = await run(talk.id, 'session');
  expect(printed).toEqual([directory]);
  const { missing, what } = checkManifest(directory);
  expect(what).toBe(talk.id);
  expect(notes).toHaveLength(missing.length);
  expect(linesOf(directory, 'sessions.jsonl')).toEqual([
    { ...(await wire.client.beta.sessions.retrieve(talk.id)), stats: expect.anything() },
  ]);
  expect(linesOf(directory, `sessions/${talk.id}/events.jsonl`)).toEqual(await talk.list());
  const [thread] = linesOf(directory, `sessions/${talk.id}/threads.jsonl`);
  expect(linesOf(directory, `sessions/${talk.id}/threads/${thread?.id}/events.jsonl`).length).toBeGreaterThan(5);
});

test('an agent: all its versions', async () => {
  const { agents } = wire.client.beta;
  const { id } = await agents.create({ name: 'versions', model: 'm' });
  await agents.update(id, { system: 'be brief' });
  await agents.archive(id);
  const { directory } = await run(id, 'agent');
  checkManifest(directory);
  expect(linesOf(directory, 'agents.jsonl')).toEqual([await agents.retrieve(id)]);
  expect(linesOf(directory, `agents/${id}/versions.jsonl`)).toMatchObject([
    { version: 2, system: 'be brief' },
    { version: 1 },
  ]);
});

test('a workspace: every object of every list, the bytes that were uploaded, and no secret', async () => {
  const { beta } = wire.client;
  const vault = await beta.vaults.create({ display_name: 'v' });
  const { id: credential } = await beta.vaults.credentials.create(vault.id, {
    auth: {
      type: 'environment_variable',
      secret_name: 'N',
      secret_value: SECRETS[0] ?? '',
      networking: { type: 'unrestricted' },
    },
  });
  const archived = await beta.vaults.create({ display_name: 'archived' });
  await beta.vaults.archive(archived.id);
  const tunnel = await beta.tunnels.create({ display_name: 't' });
  const { tunnel_token } = await beta.tunnels.revealToken(tunnel.id);
  const certificate = await beta.tunnels.certificates.create(tunnel.id, { ca_certificate_pem: CA_PEM });
  const file = await beta.files.upload({ file: new File(['the very bytes'], `${'ü'.repeat(200)}.txt`) });
  const skill = await beta.skills.create({ files: skillFiles('exported') });
  const store = await beta.memoryStores.create({ name: 'store' });
  const memory = await beta.memoryStores.memories.create(store.id, { path: '/a', content: 'remembered' });
  await beta.userProfiles.create({ name: 'p' });
  await beta.environments.create({ name: 'ours', config: { type: 'self_hosted' } });
  const hook = { url: 'https://example.com/hook', enabled_events: ['session.deleted'], name: 'h' };
  const endpoint = await wire.client.post<{ id: string; signing_secret: string }>('/drover/webhooks', { body: hook });
  for (let n = 0; n < 105; n++) await beta.environments.create({ name: `e${n}` });

  const { directory, notes } = await run('workspace', 'workspace');
  const { files } = checkManifest(directory);
  const lists: [string, AsyncIterable<{ id: string }>][] = [
    ['agents.jsonl', beta.agents.list({ include_archived: true })],
    ['environments.jsonl', beta.environments.list()],
    ['sessions.jsonl', beta.sessions.list({ order: 'asc' })],
    ['vaults.jsonl', beta.vaults.list({ include_archived: true })],
    ['files.jsonl', beta.files.list()],
    ['skills.jsonl', beta.skills.list()],
    ['memory_stores.jsonl', beta.memoryStores.list()],
    ['user_profiles.jsonl', beta.userProfiles.list()],
    ['tunnels.jsonl', beta.tunnels.list()],
  ];
  for (const [path, list] of lists) {
    const ids = linesOf(directory, path).map(({ id }) => id);
    expect([path, ids]).toEqual([path, await idsIn(list)]);
    expect(ids.length).toBeGreaterThan(0);
  }
  expect(linesOf(directory, 'environments.jsonl').length).toBeGreaterThan(105);
  expect(linesOf(directory, `vaults/${vault.id}/credentials.jsonl`)).toMatchObject([{ id: credential }]);
  expect(linesOf(directory, `tunnels/${tunnel.id}/certificates.jsonl`)).toMatchObject([{ id: certificate.id }]);
  expect(linesOf(directory, `memory_stores/${store.id}/memories.jsonl`)).toMatchObject([
    { id: memory.id, content: 'remembered' },
  ]);
  expect(linesOf(directory, `memory_stores/${store.id}/memory_versions.jsonl`)).toHaveLength(1);
  expect(linesOf(directory, `sessions/${talk.id}/events.jsonl`)).toEqual(await talk.list());
  expect(linesOf(directory, 'webhooks.jsonl')).toMatchObject([{ id: endpoint.id }]);
  const [kept] = readdirSync(join(directory, 'files', file.id));
  expect(kept).toMatch(/^ü+\.txt$/);
  expect(readFileSync(join(directory, 'files', file.id, kept ?? ''), 'utf8')).toBe('the very bytes');
  const zip = await beta.skills.versions.download('latest', { skill_id: skill.id });
  const taken = readFileSync(join(directory, `skills/${skill.id}/${skill.latest_version_id}.zip`));
  expect(taken.equals(Buffer.from(await zip.arrayBuffer()))).toBe(true);
  // What nobody has built yet is said, and nothing else is left out.
  expect(notes.filter((note) => !note.endsWith('this server does not have it'))).toEqual([]);
  const everything = Buffer.concat(files.map(({ path }) => readFileSync(join(directory, path))));
  for (const secret of [...SECRETS, tunnel_token, endpoint.signing_secret]) {
    for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
      expect(everything.includes(form)).toBe(false);
    }
  }
});

test('a name that is taken, an id of nothing and a word that is neither are refused, with nothing left', async () => {
  const before = readdirSync(scratch);
  mkdirSync(join(scratch, 'taken'));
  await expect(run(talk.id, 'taken')).rejects.toThrow(/taken is there already/);
  await expect(run('sesn_none', 'none')).rejects.toThrow(/There is no session sesn_none|not found/i);
  await expect(run('everything', 'none')).rejects.toThrow(/everything is neither a session’s id/);
  expect(readdirSync(scratch).toSorted()).toEqual([...before, 'taken'].toSorted());
});

test('a server that fails in the middle leaves nothing behind', async () => {
  const failing = createServer((request, response) => {
    const isFirst = request.url?.startsWith('/v1/agents?') === true;
    response.writeHead(isFirst ? 200 : 500, { 'content-type': 'application/json', 'x-should-retry': 'false' });
    response.end(JSON.stringify(isFirst ? { data: [{ id: 'agent_1' }], next_page: null } : { type: 'error' }));
  });
  await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve));
  // Listening on TCP, so not the path of a pipe.
  const url = `http://127.0.0.1:${(failing.address() as AddressInfo).port}`;
  const before = readdirSync(scratch);
  const options = { url, apiKey: 'k', what: 'workspace', directory: join(scratch, 'half'), now: () => new Date() };
  await expect(exportTo(options)).rejects.toThrow(/500/);
  expect(readdirSync(scratch)).toEqual(before);
  failing.close();
});
