import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Anthropic } from '@anthropic-ai/sdk';
import { attachmentsOf } from '../../src/catalog/memory/attachments.js';
import { describeMemory } from '../../src/mounts/memory/described.js';
import { waitUntil } from '../chaos/chaos-session.js';
import { type ResourceBench, type ResourceParams, startResourceBench } from '../support/resources.js';

type StoreParams = Omit<Extract<ResourceParams, { type: 'memory_store' }>, 'type'>;

let bench: ResourceBench;
let stores: Anthropic['beta']['memoryStores'];
beforeAll(async () => {
  bench = await startResourceBench();
  stores = bench.client.memoryStores;
});
afterAll(() => bench.server.stop());

const attach = (...params: StoreParams[]) => bench.create(params.map((one) => ({ type: 'memory_store', ...one })));
const newStore = async (name = 's', description = '') => (await stores.create({ name, description })).id;

test('a session shows its stores, as they were called when it was created', async () => {
  const memory_store_id = await newStore('User Preferences', 'What they like.');
  const session = await attach({ memory_store_id, access: 'read_only', instructions: 'Read this first.' });
  const resource = {
    type: 'memory_store',
    memory_store_id,
    access: 'read_only',
    name: 'User Preferences',
    description: 'What they like.',
    instructions: 'Read this first.',
    mount_path: '/mnt/memory/user-preferences',
  };
  expect(session.resources).toEqual([resource]);
  await stores.update(memory_store_id, { name: 'Other', description: '' });
  await stores.archive(memory_store_id);
  expect((await bench.client.sessions.retrieve(session.id)).resources).toEqual([resource]);
  expect((await bench.client.sessions.resources.list(session.id)).data).toEqual([resource]);
  const plain = await attach({ memory_store_id: await newStore('n'), access: null });
  expect(plain.resources).toMatchObject([{ access: 'read_write', instructions: null, description: '' }]);
});

test.each([
  ['Ünïts & Notes!', '-n-ts-notes-'],
  ['--a--', '-a-'],
  ['A1', 'a1'],
])('the store %j is mounted at %s', async (name, slug) => {
  const session = await attach({ memory_store_id: await newStore(name) });
  expect(session.resources[0]?.mount_path).toBe(`/mnt/memory/${slug}`);
});

test('stores of the same name are numbered, one without letters is called by its id', async () => {
  const ids = [await newStore('Notes'), await newStore('notes'), await newStore('NOTES!'), await newStore('日本')];
  const session = await attach(...ids.map((memory_store_id) => ({ memory_store_id })));
  expect(session.resources.map(({ mount_path }) => mount_path)).toEqual([
    '/mnt/memory/notes',
    '/mnt/memory/notes-2',
    '/mnt/memory/notes-',
    `/mnt/memory/${ids[3]}`,
  ]);
});

test('the name of a directory has at most 255 bytes, whatever a store is called', async () => {
  const long = await newStore('n'.repeat(255));
  const same = await newStore('n'.repeat(255));
  // Of each of these two characters become in lower case, of which one is no letter.
  const dotted = await newStore('\u0130'.repeat(200));
  const session = await attach(...[long, same, dotted].map((memory_store_id) => ({ memory_store_id })));
  expect(session.resources.map(({ mount_path }) => mount_path?.slice('/mnt/memory/'.length))).toEqual([
    'n'.repeat(255),
    `${'n'.repeat(253)}-2`,
    'i-'.repeat(128).slice(0, 255),
  ]);
});

test('what is refused: a store that is not there, is archived or attached twice, a ninth one, long instructions', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 9; n++) ids.push(await newStore());
  const [first = ''] = ids;
  const ninth = attach(...ids.map((memory_store_id) => ({ memory_store_id })));
  await expect(ninth).rejects.toThrow(/400.*resources: .*8/);
  await attach(...ids.slice(0, 8).map((memory_store_id) => ({ memory_store_id })));
  const twice = attach({ memory_store_id: first }, { memory_store_id: first });
  await expect(twice).rejects.toThrow(/400.*resources\.1\.memory_store_id: .*twice/);
  await expect(attach({ memory_store_id: 'memstore_none' })).rejects.toThrow(/404/);
  const long = attach({ memory_store_id: first, instructions: 'x'.repeat(4_097) });
  await expect(long).rejects.toThrow(/400.*resources\.0\.instructions: /);
  await stores.archive(first);
  const archived = attach({ memory_store_id: first });
  await expect(archived).rejects.toThrow(/400.*resources\.0\.memory_store_id: .*archived/);
});

test('sessions are found by their store', async () => {
  const memory_store_id = await newStore();
  const one = await attach({ memory_store_id });
  await attach({ memory_store_id: await newStore() });
  const { data } = await bench.client.sessions.list({ memory_store_id });
  expect(data.map(({ id }) => id)).toEqual([one.id]);
});

test('what was redacted, and a store that was deleted, is soon gone from the directories of sessions that rest', async () => {
  const memory_store_id = await newStore();
  const memory = await stores.memories.create(memory_store_id, { path: '/a', content: 'secret' });
  const directories: string[] = [];
  for (const access of ['read_write', 'read_only'] as const) {
    const { id } = await attach({ memory_store_id, access });
    const [, mount] = (await bench.server.mounts.prepare(id)).filter(({ at }) => at.startsWith('/mnt/memory'));
    directories.push(mount?.from ?? '');
  }
  const texts = () =>
    directories.map((from) => readdirSync(from).map((name) => readFileSync(join(from, name), 'utf8')));
  expect(texts()).toEqual([['secret'], ['secret']]);
  await stores.memories.update(memory.id, { memory_store_id, content: 'none' });
  await stores.memoryVersions.redact(memory.memory_version_id, { memory_store_id });
  await waitUntil(() => texts().flat().join() === 'none,none', 'it is gone');
  await stores.delete(memory_store_id);
  await waitUntil(() => texts().flat().length === 0, 'it is gone');
});

test('what a process that died has left of a deleted store goes when the next one begins', async () => {
  const { db, mounts } = bench.server;
  const memory_store_id = await newStore();
  await stores.memories.create(memory_store_id, { path: '/a', content: 'secret' });
  const { id } = await attach({ memory_store_id });
  const [, mount] = (await mounts.prepare(id)).filter(({ at }) => at.startsWith('/mnt/memory'));
  expect(readdirSync(mount?.from ?? '')).toEqual(['a']);
  // As far as it came.
  await db.deleteFrom('memories').where('memory_store_id', '=', memory_store_id).execute();
  await db.deleteFrom('memory_versions').where('memory_store_id', '=', memory_store_id).execute();
  await db.deleteFrom('memory_stores').where('id', '=', memory_store_id).execute();
  await mounts.sweep(async () => true);
  await waitUntil(() => readdirSync(mount?.from ?? '').length === 0, 'it is gone');
});

test('the agent is told of each store: where it is, what for, and whether it may write there', async () => {
  const [notes, facts] = [await newStore('Notes', 'What was\nlearnt.'), await newStore('Facts')];
  const session = await attach(
    { memory_store_id: notes, instructions: 'Keep it short.' },
    { memory_store_id: facts, access: 'read_only' },
  );
  const told = describeMemory(await attachmentsOf(bench.server.db, session.id));
  expect(told).toContain(
    '## /mnt/memory/notes (read and write)\nName: Notes\nDescription: What was\nlearnt.\nInstructions: Keep it short.\n',
  );
  expect(told).toMatch(/## \/mnt\/memory\/facts \(read only\)\nName: Facts$/);
  expect(describeMemory([])).toBeUndefined();
});
