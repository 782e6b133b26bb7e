import { connectClient } from '../../src/temporal/connection.js';
import { readRecord } from '../../src/temporal/server/embedded-record.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { openSession, sessionOf, waitUntil } from './chaos-session.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

/** A store with one memory, and a session that said something. */
async function material() {
  const { beta } = drover.client;
  const { id: store } = await beta.memoryStores.create({ name: 'Notes' });
  await beta.memoryStores.memories.create(store, { path: '/old', content: 'old\n' });
  const session = await openSession(drover, '/say the sky is green');
  await session.untilIdle();
  const inputs = [
    { type: 'memory_store' as const, memory_store_id: store },
    { type: 'sessions' as const, session_ids: [session.id] },
  ];
  return { store, inputs };
}

const untilOver = async (id: string) => {
  await waitUntil(
    async () => (await drover.client.beta.dreams.retrieve(id)).ended_at !== null,
    'the dream ends',
    60_000,
  );
  return drover.client.beta.dreams.retrieve(id);
};

const contentsOf = async (store: string) => {
  const { data } = await drover.client.beta.memoryStores.memories.list(store, { view: 'full' });
  return data.map((item) => [item.path, 'content' in item ? item.content : null]);
};

test('a dream reads transcripts and writes a store of its own, through kill -9 in the middle', async () => {
  const { store, inputs } = await material();
  const script =
    'cd /mnt/memory/*; rm old; grep -o "sky is [a-z]*" /mnt/transcripts/* | head -1 >sky; echo go >>/workspace/runs; sleep 2';
  const dream = await drover.client.beta.dreams.create({
    inputs,
    model: 'claude-opus-5-5',
    instructions: `/bash ${script}`,
  });
  expect(dream).toMatchObject({ status: 'pending', outputs: [] });
  let session_id: string | null = null;
  await waitUntil(async () => {
    ({ session_id } = await drover.client.beta.dreams.retrieve(dream.id));
    return session_id !== null && sessionOf(drover, session_id).file('runs') !== '';
  }, 'the dream is at work');
  await drover.kill();
  await drover.start();
  const ended = await untilOver(dream.id);
  expect(ended).toMatchObject({ status: 'completed', error: null, session_id });
  expect(ended.usage.output_tokens).toBeGreaterThan(0);
  expect(await contentsOf(ended.outputs[0]?.memory_store_id ?? '')).toEqual([['/sky', 'sky is green\n']]);
  expect(await contentsOf(store)).toEqual([['/old', 'old\n']]);
});

test('a dream whose workflow was ended at Temporal comes to its end after the next start', async () => {
  const { inputs } = await material();
  const instructions = '/bash echo go >>/workspace/runs; sleep 1';
  const { id } = await drover.client.beta.dreams.create({ inputs, model: 'claude-opus-5-5', instructions });
  const temporal = await connectClient(`127.0.0.1:${readRecord(drover.dataDir)?.port}`, 'default');
  await waitUntil(async () => {
    const { session_id } = await drover.client.beta.dreams.retrieve(id);
    return session_id !== null && sessionOf(drover, session_id).file('runs') !== '';
  }, 'the dream is at work');
  await temporal.workflow.getHandle(id).terminate('by a person');
  await temporal.connection.close();
  await drover.kill();
  await drover.start();
  expect(await untilOver(id)).toMatchObject({ status: 'completed', error: null });
});

test('a dream that is cancelled stops soon, keeps what it wrote, and lets go of its store', async () => {
  const { store, inputs } = await material();
  const output_behavior = { type: 'update_existing' as const, memory_store_id: store };
  const params = { inputs, output_behavior, model: 'claude-opus-5-5' };
  const instructions = '/bash echo new >/mnt/memory/notes/new; echo go >/workspace/runs; sleep 60';
  const { beta } = drover.client;
  const { id } = await beta.dreams.create({ ...params, instructions });
  await waitUntil(async () => {
    const { session_id } = await beta.dreams.retrieve(id);
    return session_id !== null && sessionOf(drover, session_id).file('runs') !== '';
  }, 'the dream is at work');
  expect(await beta.dreams.cancel(id)).toMatchObject({ status: 'canceled' });
  await waitUntil(async () => {
    const again = await beta.dreams.create({ ...params, instructions: '/say hello' }).catch(() => undefined);
    return again !== undefined && (await untilOver(again.id)).status === 'completed';
  }, 'another dream may write there');
  expect(await contentsOf(store)).toEqual([
    ['/new', 'new\n'],
    ['/old', 'old\n'],
  ]);
});
