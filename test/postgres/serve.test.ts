import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { openDatabase } from '../../src/storage/open.js';
import { dropDatabase, newDatabase } from '../support/database.js';
import { createDrover, type Drover, ROOT, runServe } from '../support/drover-process.js';

let place: string;
let drover: Drover;
let sessionId: string;
beforeAll(async () => {
  place = await newDatabase('', { migrated: false });
  drover = createDrover({ env: { DROVER_DATABASE_URL: place } });
  await drover.start();
});
afterAll(async () => {
  await drover.remove();
  await dropDatabase(place);
});

async function turn(text: string): Promise<void> {
  const { events } = drover.client.beta.sessions;
  await events.send(sessionId, { events: [{ type: 'user.message', content: [{ type: 'text', text }] }] });
  await untilIdle();
}

async function untilIdle(): Promise<void> {
  while (!(await isIdle())) await sleep(20);
}

async function isIdle(): Promise<boolean> {
  const { data } = await drover.client.beta.sessions.events.list(sessionId, { order: 'desc', limit: 1 });
  return data[0]?.type === 'session.status_idle';
}

async function list(): Promise<string> {
  return (await drover.fetch(`/v1/sessions/${sessionId}/events?limit=1000`)).text();
}

function run(...args: string[]): Promise<string> {
  return runOver(place, ...args);
}

function runOver(database: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, DROVER_DATABASE_URL: database, DROVER_DATA: drover.dataDir };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'bin/drover.js'), ...args], { env }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

test('a session with a command in it, its rows in Postgres and in no file', async () => {
  const { agents, environments, sessions } = drover.client.beta;
  const agent = await agents.create({ name: 'a', model: 'scripted', tools: [{ type: 'agent_toolset_20260401' }] });
  const environment = await environments.create({ name: 'e' });
  sessionId = (await sessions.create({ agent: agent.id, environment_id: environment.id })).id;
  await turn('/bash echo from the sandbox');
  expect(await list()).toContain('from the sandbox');
  expect(existsSync(join(drover.dataDir, 'catalog.db'))).toBe(false);
  expect(await run('log', 'verify', sessionId)).toMatch(/^ok: \d+ entries/);
});

test('killed in a command and started again: the command ran once, and the turn comes to its end', async () => {
  const before = await list();
  const text = '/bash sleep 1; echo x >> count; cat count';
  const message = { type: 'user.message' as const, content: [{ type: 'text' as const, text }] };
  await drover.client.beta.sessions.events.send(sessionId, { events: [message] });
  await sleep(500);
  await drover.kill();
  await drover.start();
  await untilIdle();
  const after = await list();
  expect(after.startsWith(before.slice(0, before.indexOf('],"')))).toBe(true);
  expect(after).toContain('"content":[{"type":"text","text":"x"}]');
});

test('P1: the projection is dropped, and every list is what it was', async () => {
  const before = await list();
  await drover.stop();
  const db = await openDatabase(place);
  await sql`drop schema projection cascade`.execute(db);
  await db.destroy();
  expect(await run('log', 'verify', sessionId)).toContain('the projection is behind');
  expect(await run('log', 'rebuild', sessionId)).toMatch(/^rebuilt from history: \d+ entries/);
  expect(await run('log', 'verify', sessionId)).toMatch(/^ok: /);
  await drover.start();
  expect(await list()).toBe(before);
});

test('a server on another directory is refused, and touches nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-other-'));
  const { code, stderr } = await runServe(directory, { env: { DROVER_DATABASE_URL: place } });
  expect(code).toBe(1);
  expect(stderr).toMatch(/belongs to another data directory \(\w+\)/);
  rmSync(directory, { recursive: true, force: true });
});

test('started without its database it is refused, makes no other, and takes nothing away', async () => {
  const { files } = drover.client.beta;
  const { id } = await files.upload({ file: new File(['kept'], 'a.txt') });
  await drover.stop();
  const { code, stderr } = await runServe(drover.dataDir);
  expect(code).toBe(1);
  expect(stderr).toMatch(/rows of \S+ are not in this database, which is new, but elsewhere \(Postgres, /);
  expect(await runOver('', 'log', 'rebuild', sessionId)).toMatch(/rows of .* elsewhere/);
  expect(existsSync(join(drover.dataDir, 'catalog.db'))).toBe(false);
  await drover.start();
  expect(await (await drover.fetch(`/drover/files/${id}/content`)).text()).toBe('kept');
});

test('the secrets of vaults are put under a new key', async () => {
  const vault = await drover.client.beta.vaults.create({ display_name: 'v' });
  const auth = { type: 'static_bearer' as const, mcp_server_url: 'https://mcp.example.com', token: 'secret' };
  await drover.client.beta.vaults.credentials.create(vault.id, { auth });
  await drover.stop();
  expect(await run('vault', 'rotate')).toMatch(/^1 secrets are now under vault key/);
  await drover.start();
});
