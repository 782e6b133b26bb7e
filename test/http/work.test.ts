import { setTimeout as sleep } from 'node:timers/promises';
import { BadRequestError, ConflictError, NotFoundError } from '@anthropic-ai/sdk';
import { sessionsTokenFromSecret } from '@anthropic-ai/sdk/lib/environments/worker';
import { rawFetch } from '../support/app.js';
import { patience } from '../support/patience.js';
import { bearing, openQueue, tokenOf, type WorkItem } from '../support/work.js';
import { errorOf, NO_HEARTBEAT, useWorkBench } from '../support/work-bench.js';

const bench = useWorkBench();
const refOf = ({ environment_id }: { environment_id: string }) => ({ environment_id });

describe('the queue', () => {
  test('P5: a session with input has an item, which goes through its states', async () => {
    const session = await bench.openSession();
    const work = await bench.queue.claim();
    expect({ ...work }).toEqual({
      type: 'work',
      id: expect.stringMatching(/^work_\w{24}$/),
      environment_id: bench.queue.environment_id,
      data: { type: 'session', id: session },
      state: 'queued',
      metadata: {},
      secret: expect.any(String),
      created_at: expect.stringMatching(/Z$/),
      acknowledged_at: null,
      started_at: null,
      latest_heartbeat_at: null,
      stop_requested_at: null,
      stopped_at: null,
    });
    expect(sessionsTokenFromSecret(work.secret)).toMatch(/^sk-ant-req-[\w-]{43}$/);
    expect(await bench.retrieve(work)).toMatchObject({ state: 'queued', secret: null });
    expect(await bench.queue.ack(work)).toMatchObject({
      state: 'starting',
      acknowledged_at: expect.any(String),
      secret: null,
    });
    const beat = await bench.queue.beat(work, NO_HEARTBEAT);
    expect({ ...beat }).toEqual({
      type: 'work_heartbeat',
      last_heartbeat: expect.stringMatching(/Z$/),
      lease_extended: true,
      state: 'active',
      ttl_seconds: 90,
    });
    expect(await bench.retrieve(work)).toMatchObject({
      state: 'active',
      started_at: expect.any(String),
      latest_heartbeat_at: beat.last_heartbeat,
    });
    expect(await bench.stop(work)).toMatchObject({ state: 'stopping', stop_requested_at: expect.any(String) });
    expect(await bench.stop(work, true)).toMatchObject({ state: 'stopped', stopped_at: expect.any(String) });
  });

  test('is empty: JSON null, at once or after block_ms', async () => {
    const path = `/v1/environments/${bench.queue.environment_id}/work/poll`;
    const headers = { authorization: `Bearer ${bench.queue.key}` };
    const response = await rawFetch(bench.server, path, { headers });
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.text()).toBe('null');
    const began = performance.now();
    expect(await bench.queue.poll({ block_ms: 300 })).toBeNull();
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  test.each([
    ['block_ms', 0],
    ['block_ms', 1000],
    ['reclaim_older_than_ms', 0],
  ])('%s of %d is refused', async (name, value) => {
    const error = await errorOf(bench.queue.poll({ [name]: value }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error.message).toContain(name);
  });

  test('a poller that waits has the item as soon as it is there', async () => {
    const wait = async (): Promise<{ work: WorkItem; at: number }> => {
      const work = await bench.queue.poll({ block_ms: 999 });
      return work ? { work, at: performance.now() } : wait();
    };
    const waiting = wait();
    await sleep(200);
    const session = await bench.openSession();
    const made = performance.now();
    const { work, at } = await waiting;
    expect(work.data.id).toBe(session);
    expect(at - made).toBeLessThan(patience(300));
  });

  test('of many pollers each item goes to one, the oldest first', async () => {
    const sessions: string[] = [];
    for (let made = 0; made < 20; made += 1) sessions.push(await bench.openSession());
    expect((await bench.queue.claim()).data.id).toBe(sessions.shift());
    const polls = Array.from({ length: 40 }, () => bench.queue.poll({ block_ms: 400 }));
    const claimed = (await Promise.all(polls)).flatMap((work) => (work ? [work.data.id] : []));
    expect(claimed.toSorted()).toEqual(sessions.toSorted());
  });

  test('many waiting pollers and items that come while they wait: none goes to two, none is lost', async () => {
    const polls = Array.from({ length: 20 }, () => bench.queue.poll({ block_ms: 999 }));
    const sessions = await Promise.all(Array.from({ length: 20 }, () => bench.openSession()));
    const claimed = (await Promise.all(polls)).flatMap((work) => (work ? [work.data.id] : []));
    for (let work = await bench.queue.poll(); work; work = await bench.queue.poll()) claimed.push(work.data.id);
    expect(claimed.toSorted()).toEqual(sessions.toSorted());
  });

  test('a claim that nobody acknowledges comes back, with another token', async () => {
    await bench.openSession();
    const first = await bench.queue.claim();
    expect(await bench.queue.poll()).toBeNull();
    bench.pass(3_000);
    expect(await bench.queue.poll()).toBeNull();
    expect(await bench.queue.poll({ reclaim_older_than_ms: 2_000 })).toMatchObject({ id: first.id });
    bench.pass(5_100);
    const third = await bench.queue.claim();
    expect(third.id).toBe(first.id);
    expect(third.secret).not.toBe(first.secret);
    // Late, but the key is the same for all: who has lost it learns so at the first heartbeat.
    await bench.queue.ack(first);
    const late = await errorOf(bench.queue.beat(first, NO_HEARTBEAT, bearing(bench.server.url, tokenOf(first))));
    expect(late.status).toBe(412);
    const held = await bench.queue.beat(third, NO_HEARTBEAT, bearing(bench.server.url, tokenOf(third)));
    expect(held.state).toBe('active');
  });

  test('a claim whose token cannot be kept is none: the item is free at once', async () => {
    await bench.openSession();
    const { schema } = bench.server.db;
    await schema.alterTable('work_tokens').renameTo('elsewhere').execute();
    expect((await errorOf(bench.queue.poll())).status).toBe(500);
    await schema.alterTable('elsewhere').renameTo('work_tokens').execute();
    expect(bench.server.reported.splice(0)).toHaveLength(1);
    expect(await bench.queue.poll()).not.toBeNull();
  });

  test('of an item that is claimed again and again the tokens of the last hour are kept', async () => {
    await bench.openSession();
    const { id } = await bench.queue.claim();
    for (let claims = 0; claims < 4; claims += 1) {
      bench.pass(1_500_000);
      await bench.queue.claim();
    }
    const tokens = bench.server.db.selectFrom('work_tokens').select('hash').where('work_id', '=', id);
    expect(await tokens.execute()).toHaveLength(3);
  });

  test('an acknowledgement may be repeated; of what nobody has claimed, or has begun, it is a 409', async () => {
    await bench.openSession();
    const { data } = await bench.queue.worker.beta.environments.work.list(bench.queue.environment_id);
    const unclaimed = data[0] as WorkItem;
    expect(await errorOf(bench.queue.ack(unclaimed))).toBeInstanceOf(ConflictError);
    const work = await bench.queue.claim();
    const stale = bearing(bench.server.url, tokenOf(work));
    expect(await bench.queue.ack(work)).toEqual(await bench.queue.ack(work));
    expect(await bench.queue.ack(work, stale)).toMatchObject({ state: 'starting' });
    await bench.queue.beat(work);
    const error = await errorOf(bench.queue.ack(work));
    expect(error).toBeInstanceOf(ConflictError);
    expect(error.headers?.get('x-should-retry')).toBe('false');
    bench.pass(91_000);
    await bench.queue.claim();
    expect(await errorOf(bench.queue.ack(work, stale))).toBeInstanceOf(ConflictError);
  });

  test('counts what waits, what is in hand and who asks', async () => {
    const { work: api } = bench.client.beta.environments;
    expect({ ...(await api.stats(bench.queue.environment_id)) }).toEqual({
      type: 'work_queue_stats',
      depth: 0,
      pending: 0,
      oldest_queued_at: null,
      workers_polling: 0,
    });
    await bench.openSession();
    await bench.openSession();
    for (const worker of ['w1', 'w2', 'w1']) await bench.queue.poll({ 'Anthropic-Worker-ID': worker });
    const stats = await bench.queue.worker.beta.environments.work.stats(bench.queue.environment_id);
    expect(stats).toMatchObject({ depth: 0, pending: 2, workers_polling: 2 });
    expect(stats.oldest_queued_at).toMatch(/Z$/);
    bench.pass(31_000);
    expect(await api.stats(bench.queue.environment_id)).toMatchObject({ depth: 2, pending: 0, workers_polling: 0 });
  });

  test('goes with its environment, and so do the names of who has polled', async () => {
    const { environment_id } = bench.queue;
    await bench.queue.poll({ 'Anthropic-Worker-ID': 'w1' });
    const pollers = bench.server.db.selectFrom('work_pollers').select('worker_id');
    expect(await pollers.where('environment_id', '=', environment_id).execute()).toHaveLength(1);
    await bench.client.beta.environments.delete(environment_id);
    expect(await pollers.where('environment_id', '=', environment_id).execute()).toEqual([]);
  });

  test('lists the newest first, by pages, of one environment', async () => {
    const other = await openQueue(bench.server.url, bench.client);
    await bench.openSession(other);
    for (let made = 0; made < 5; made += 1) await bench.openSession();
    const { work } = bench.queue.worker.beta.environments;
    const ids: string[] = [];
    for await (const item of work.list(bench.queue.environment_id, { limit: 2 })) ids.push(item.created_at);
    expect(ids).toHaveLength(5);
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(await errorOf(work.list(bench.queue.environment_id, { limit: 101 }))).toBeInstanceOf(BadRequestError);
    expect(await errorOf(work.list(bench.queue.environment_id, { page: 'page_x' }))).toBeInstanceOf(BadRequestError);
  });

  test('metadata is merged by key; null deletes one, and the rules are those of metadata', async () => {
    await bench.openSession();
    const work = await bench.queue.claim();
    const { work: api } = bench.client.beta.environments;
    const update = (metadata: Record<string, string | null>) =>
      api.update(work.id, { ...refOf(bench.queue), metadata });
    await update({ a: '1', b: '2' });
    expect((await update({ a: null, c: '' })).metadata).toEqual({ b: '2', c: '' });
    const path = `/v1/environments/${bench.queue.environment_id}/work/${work.id}`;
    const nothing = await rawFetch(bench.server, path, { method: 'POST', body: '{}' });
    expect(await nothing.json()).toMatchObject({ metadata: { b: '2', c: '' } });
    expect((await bench.retrieve(work)).metadata).toEqual({ b: '2', c: '' });
    const many = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']));
    const error = await errorOf(update(many));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error.error).toMatchObject({ error: { details: { error_code: 'invalid_metadata' } } });
  });

  test('an environment in the cloud has none, and what is not there is not found', async () => {
    const { id } = await bench.client.beta.environments.create({ name: 'cloud' });
    const { work } = bench.client.beta.environments;
    expect(await errorOf(work.stats(id))).toBeInstanceOf(BadRequestError);
    expect(await errorOf(work.stats('env_none'))).toBeInstanceOf(NotFoundError);
    expect(await errorOf(work.retrieve('work_none', refOf(bench.queue)))).toBeInstanceOf(NotFoundError);
    await bench.openSession();
    const item = await bench.queue.claim();
    expect(await errorOf(work.retrieve(item.id, { environment_id: id }))).toBeInstanceOf(NotFoundError);
  });
});
