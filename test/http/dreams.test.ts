import { type Anthropic, ConflictError, NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

type Params = Anthropic.Beta.DreamCreateParams;

let server: TestServer;
let beta: Anthropic['beta'];
let newSession: () => Promise<string>;
let session: string;
let spare: string;
let store: string;
beforeAll(async () => {
  server = await startTestServer();
  beta = server.client.beta;
  const { id: agent } = await beta.agents.create({ name: 'a', model: 'm' });
  const { id: environment_id } = await beta.environments.create({ name: 'e' });
  newSession = async () => (await beta.sessions.create({ agent, environment_id })).id;
  session = await newSession();
});
beforeEach(async () => {
  store = (await beta.memoryStores.create({ name: 'Notes', metadata: { a: 'b' } })).id;
  await beta.memoryStores.memories.create(store, { path: '/a/b', content: 'one' });
});
afterAll(() => server.stop());

const params = (more: Partial<Params> = {}): Params => ({
  inputs: [
    { type: 'memory_store', memory_store_id: store },
    { type: 'sessions', session_ids: [session] },
  ],
  model: 'claude-opus-5-5',
  ...more,
});
const steps = () => server.catalog.dreams.steps;
const update = () => ({ output_behavior: { type: 'update_existing' as const, memory_store_id: store } });
const NOTHING = { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };

test('a new dream is pending, with everything it was asked for', async () => {
  const dream = await beta.dreams.create(params({ instructions: 'Be brief.' }));
  expect({ ...dream }).toEqual({
    type: 'dream',
    id: expect.stringMatching(/^drm_\w{24}$/),
    status: 'pending',
    inputs: params().inputs,
    model: { id: 'claude-opus-5-5', speed: 'standard' },
    instructions: 'Be brief.',
    output_behavior: { type: 'create_new' },
    outputs: [],
    session_id: null,
    error: null,
    usage: NOTHING,
    created_at: expect.stringMatching(/Z$/),
    ended_at: null,
    archived_at: null,
  });
  expect(await beta.dreams.retrieve(dream.id)).toEqual(dream);
});

test('it runs as a session over a copy of the store, and is completed when that has come to its end', async () => {
  const { id } = await beta.dreams.create(params());
  // As often as an activity may be tried.
  for (let attempt = 0; attempt < 2; attempt++) expect(await steps().begin(id)).toBe('running');
  const running = await beta.dreams.retrieve(id);
  const [output] = running.outputs;
  expect(running).toMatchObject({ status: 'running', ended_at: null, session_id: expect.stringMatching(/^sesn_/) });
  expect(output?.memory_store_id).not.toBe(store);
  const copied = await beta.memoryStores.memories.list(output?.memory_store_id ?? '', { view: 'full' });
  expect(copied.data).toMatchObject([{ path: '/a/b', content: 'one' }]);
  const dreaming = await beta.sessions.retrieve(running.session_id ?? '');
  expect(dreaming.agent.model).toMatchObject({ id: 'claude-opus-5-5' });
  expect(dreaming.resources).toMatchObject([{ memory_store_id: output?.memory_store_id, access: 'read_write' }]);
  expect(await steps().look(id)).toBe('over');
  for (let attempt = 0; attempt < 2; attempt++) await steps().end(id, { timedOut: false });
  const ended = await beta.dreams.retrieve(id);
  expect(ended).toMatchObject({ status: 'completed', ended_at: expect.stringMatching(/Z$/), error: null });
  expect((await beta.sessions.retrieve(running.session_id ?? '')).archived_at).not.toBeNull();
  expect((await beta.agents.retrieve(dreaming.agent.id)).archived_at).not.toBeNull();
});

test('of attempts that begin it at the same time none leaves anything behind', async () => {
  await beta.memoryStores.update(store, { name: 'Alone' });
  const { id } = await beta.dreams.create(params());
  await Promise.allSettled([1, 2, 3].map(() => steps().begin(id)));
  expect(await steps().begin(id)).toBe('running');
  await steps().end(id, { timedOut: false });
  const live = [...(await beta.agents.list()).data, ...(await beta.environments.list()).data];
  expect(live.filter(({ name }) => name === `Dream ${id}`)).toEqual([]);
  const { data: stores } = await beta.memoryStores.list();
  expect(stores.filter(({ name }) => name === 'Alone (dream)')).toHaveLength(1);
});

test('the transcripts are mounted read-only, a line an event', async () => {
  const { id } = await beta.dreams.create(params());
  await steps().begin(id);
  const { session_id } = await beta.dreams.retrieve(id);
  const mounts = await server.mounts.prepare(session_id ?? '');
  expect(mounts.find(({ at }) => at === '/mnt/transcripts')).toMatchObject({ access: 'read_only' });
});

test('what the request may not be', async () => {
  const [memory_store, sessions] = params().inputs;
  if (!memory_store || !sessions) throw new Error('no inputs');
  const other = (await beta.memoryStores.create({ name: 'o' })).id;
  const refused: [Partial<Params>, RegExp][] = [
    [{ inputs: [memory_store] }, /400.*inputs: must be one memory_store and one sessions/],
    [{ inputs: [memory_store, memory_store] }, /400.*inputs: /],
    [{ inputs: [memory_store, { type: 'sessions', session_ids: [] }] }, /400.*inputs\.1\.session_ids: /],
    [{ inputs: [memory_store, { type: 'sessions', session_ids: [session, session] }] }, /400.*twice/],
    [{ inputs: [memory_store, { type: 'sessions', session_ids: ['sesn_none'] }] }, /404/],
    [{ inputs: [{ type: 'memory_store', memory_store_id: 'memstore_none' }, sessions] }, /404/],
    [{ model: '' }, /400.*model: /],
    [{ model: { id: 'm', speed: 'fast' } }, /400.*model\.speed: /],
    [{ instructions: '' }, /400.*instructions: /],
    [{ instructions: 'x'.repeat(4_097) }, /400.*instructions: /],
    [
      { output_behavior: { type: 'update_existing', memory_store_id: other } },
      /400.*output_behavior\.memory_store_id: /,
    ],
  ];
  for (const [change, message] of refused) await expect(beta.dreams.create(params(change))).rejects.toThrow(message);
  await beta.memoryStores.archive(store);
  await expect(beta.dreams.create(params())).rejects.toThrow(/400.*archived/);
});

test('one dream at a time writes into a store, until it is let go of', async () => {
  const first = await beta.dreams.create(params(update()));
  const error = await beta.dreams.create(params(update())).catch((caught: unknown) => caught);
  if (!(error instanceof ConflictError)) throw new Error(`not refused: ${String(error)}`);
  expect(error.message).toContain(first.id);
  expect(error.headers.get('x-should-retry')).toBe('false');
  await beta.dreams.create(params());
  await steps().begin(first.id);
  expect((await beta.dreams.retrieve(first.id)).outputs).toEqual([{ type: 'memory_store', memory_store_id: store }]);
  await beta.dreams.cancel(first.id);
  await expect(beta.dreams.create(params(update()))).rejects.toThrow(ConflictError);
  await steps().end(first.id, { timedOut: false });
  await beta.dreams.create(params(update()));
});

test('of dreams that are made at the same time one may write', async () => {
  const made = await Promise.allSettled([1, 2, 3, 4].map(() => beta.dreams.create(params(update()))));
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('cancel ends it at once, and its session soon; it stays cancelled', async () => {
  const { id } = await beta.dreams.create(params());
  const canceled = await beta.dreams.cancel(id);
  expect(canceled).toMatchObject({ status: 'canceled', ended_at: expect.stringMatching(/Z$/), outputs: [] });
  expect(await steps().begin(id)).toBe('over');
  await steps().end(id, { timedOut: false });
  expect(await beta.dreams.cancel(id)).toMatchObject({ status: 'canceled', ended_at: canceled.ended_at });
});

test('a dream that takes too long is interrupted and has failed; what fails cannot be cancelled', async () => {
  const { id } = await beta.dreams.create(params());
  await steps().begin(id);
  await steps().end(id, { timedOut: true });
  expect(await beta.dreams.retrieve(id)).toMatchObject({ status: 'failed', error: { type: 'timeout' } });
  await expect(beta.dreams.cancel(id)).rejects.toThrow(/400.*dream_id: .*failed/);
});

test.each<[string, () => Promise<unknown>, string]>([
  ['its store is archived', () => beta.memoryStores.archive(store), 'input_memory_store_unavailable'],
  ['its store is deleted', () => beta.memoryStores.delete(store), 'input_memory_store_unavailable'],
  ['one of its sessions is deleted', () => beta.sessions.delete(spare), 'input_session_unavailable'],
])('when %s before it begins it fails, says so, and leaves nothing', async (_what, happens, type) => {
  spare = await newSession();
  const [memory_store] = params().inputs;
  if (!memory_store) throw new Error('no inputs');
  const inputs = [memory_store, { type: 'sessions' as const, session_ids: [session, spare] }];
  const made = [
    await beta.dreams.create(params({ inputs })),
    await beta.dreams.create(params({ inputs, ...update() })),
  ];
  const before = (await beta.memoryStores.list({ include_archived: true, limit: 100 })).data.length;
  await happens();
  for (const { id } of made) {
    expect(await steps().begin(id)).toBe('over');
    await steps().end(id, { timedOut: false });
    const ended = await beta.dreams.retrieve(id);
    expect(ended).toMatchObject({ status: 'failed', error: { type }, session_id: null, outputs: [] });
  }
  const left = (await beta.memoryStores.list({ include_archived: true, limit: 100 })).data.map(({ id }) => id);
  expect(left.filter((id) => id !== store)).toHaveLength(before - 1);
  const { data: agents } = await beta.agents.list();
  expect(agents.filter(({ name }) => made.some(({ id }) => name.includes(id)))).toEqual([]);
});

test('a dream whose session fails says what of', async () => {
  const { id } = await beta.dreams.create(params());
  await steps().begin(id);
  const { session_id } = await beta.dreams.retrieve(id);
  const error = { type: 'model_request_failed_error', message: 'There is no such model.', retry_status: {} };
  server.session.emit(session_id ?? '', { type: 'session.error', error });
  server.session.emit(session_id ?? '', { type: 'session.status_idle', stop_reason: { type: 'retries_exhausted' } });
  await steps().end(id, { timedOut: false });
  const { error: told, status } = await beta.dreams.retrieve(id);
  expect(status).toBe('failed');
  expect(told).toEqual({
    type: 'internal_error',
    message: 'Its session ended before its task did: retries_exhausted. There is no such model.',
  });
});

test('a dream that does not get to begin within its time has failed, and lets go of its store', async () => {
  const { id } = await beta.dreams.create(params(update()));
  await steps().end(id, { timedOut: true });
  expect(await beta.dreams.retrieve(id)).toMatchObject({ status: 'failed', error: { type: 'timeout' } });
  await beta.dreams.create(params(update()));
});

test('an attempt to begin that comes too late begins nothing', async () => {
  const { length: left } = await server.catalog.sessions.listUnfinished();
  const { id } = await beta.dreams.create(params());
  const { sessions } = server.session;
  const working = { ...sessions };
  sessions.start = async (start) => {
    await steps().end(id, { timedOut: true });
    await working.start(start);
  };
  await expect(steps().begin(id)).rejects.toThrow(/is over/);
  Object.assign(sessions, working);
  expect(await beta.dreams.retrieve(id)).toMatchObject({ status: 'failed', session_id: null });
  expect(await server.catalog.sessions.listUnfinished()).toHaveLength(left + 1);
});

test('while the log of its session cannot be read a dream neither goes on nor ends', async () => {
  const { id } = await beta.dreams.create(params());
  await steps().begin(id);
  const { log } = server.session;
  const working = { ...log };
  log.getState = async () => undefined;
  await expect(steps().look(id)).rejects.toThrow(/is being read again/);
  await expect(steps().end(id, { timedOut: false })).rejects.toThrow(/is being read again/);
  Object.assign(log, working);
  expect(await beta.dreams.retrieve(id)).toMatchObject({ status: 'running', error: null });
  await steps().end(id, { timedOut: false });
  expect(await beta.dreams.retrieve(id)).toMatchObject({ status: 'completed' });
});

test('archive hides what has ended, and nothing else', async () => {
  const { id } = await beta.dreams.create(params());
  await expect(beta.dreams.archive(id)).rejects.toThrow(/400.*dream_id: .*pending/);
  await beta.dreams.cancel(id);
  const archived = await beta.dreams.archive(id);
  expect(archived.archived_at).not.toBeNull();
  expect({ ...(await beta.dreams.archive(id)) }).toEqual({ ...archived });
  const seen = async (query: Anthropic.Beta.DreamListParams) => {
    for await (const dream of beta.dreams.list(query)) if (dream.id === id) return true;
    return false;
  };
  expect(await seen({})).toBe(false);
  expect(await seen({ include_archived: true, statuses: ['canceled'] })).toBe(true);
  expect(await seen({ include_archived: true, statuses: ['completed', 'failed'] })).toBe(false);
  expect(await seen({ include_archived: true, 'created_at[gt]': archived.created_at })).toBe(false);
});

test('lists are newest first, in pages', async () => {
  const made: string[] = [];
  for (let n = 0; n < 5; n++) made.unshift((await beta.dreams.create(params())).id);
  const ids: string[] = [];
  for await (const { id } of beta.dreams.list({ limit: 2 })) ids.push(id);
  expect(ids.slice(0, 5)).toEqual(made);
  for (const query of ['limit=0', 'limit=101', 'statuses[]=x', 'created_at[lt]=x', 'page=x']) {
    expect((await rawFetch(server, `/v1/dreams?${query}`)).status).toBe(400);
  }
});

test('what is not there is not found', async () => {
  await expect(beta.dreams.retrieve('drm_x')).rejects.toThrow(NotFoundError);
  await expect(beta.dreams.archive('drm_x')).rejects.toThrow(NotFoundError);
  await expect(beta.dreams.cancel('drm_x')).rejects.toThrow(NotFoundError);
  expect([await steps().begin('drm_x'), await steps().look('drm_x')]).toEqual(['over', 'over']);
  await steps().end('drm_x', { timedOut: false });
});
