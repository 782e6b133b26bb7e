import { setTimeout as sleep } from 'node:timers/promises';
import { NotFoundError } from '@anthropic-ai/sdk';
import { ApiError } from '../../src/api-error.js';
import { removeWork } from '../../src/catalog/work/work-end.js';
import { planOf, recordQueries } from '../support/query-plans.js';
import { bearing, tokenOf } from '../support/work.js';
import { errorOf, INTERRUPT, MESSAGE, OUTCOME, useWorkBench } from '../support/work-bench.js';

const bench = useWorkBench();

describe('an item for a session', () => {
  test('is not there before there is input, and there is one at a time', async () => {
    const { id } = await bench.client.beta.sessions.create({
      agent: bench.agent,
      environment_id: bench.queue.environment_id,
    });
    expect(await bench.queue.poll()).toBeNull();
    await bench.send(id, MESSAGE);
    await bench.send(id, MESSAGE);
    const { work } = await bench.queue.begin();
    await bench.send(id, MESSAGE);
    expect(await bench.queue.poll()).toBeNull();
    await bench.stop(work, true);
    await bench.send(id, MESSAGE);
    expect((await bench.queue.claim()).id).not.toBe(work.id);
  });

  test('comes with an outcome to work toward, whether it is sent or the session begins with it', async () => {
    const { environment_id } = bench.queue;
    const params = { agent: bench.agent, environment_id };
    const begun = await bench.client.beta.sessions.create({ ...params, initial_events: [OUTCOME] });
    expect((await bench.queue.claim()).data.id).toBe(begun.id);
    const { id } = await bench.client.beta.sessions.create(params);
    await expect(bench.send(id, { ...OUTCOME, description: '' })).rejects.toThrow(/description/);
    expect(await bench.queue.poll()).toBeNull();
    await bench.send(id, OUTCOME);
    expect((await bench.queue.claim()).data.id).toBe(id);
  });

  test('comes again when a worker stopped just as input came; not when it failed with that input', async () => {
    const id = await bench.openSession();
    const { work } = await bench.queue.begin();
    bench.waitForWorker(id);
    await bench.stop(work, true);
    expect(await bench.queue.poll()).toBeNull();
    await bench.send(id, INTERRUPT);
    const second = await bench.queue.begin();
    await bench.send(id, MESSAGE);
    bench.waitForWorker(id);
    await bench.stop(second.work, true);
    expect((await bench.queue.claim()).data.id).toBe(id);
  });

  test('comes with an interrupt of a session whose worker failed, not with one of a session at rest', async () => {
    const id = await bench.openSession();
    const { work } = await bench.queue.begin();
    await bench.stop(work, true);
    await bench.send(id, INTERRUPT);
    expect(await bench.queue.poll()).toBeNull();
    bench.waitForWorker(id);
    await bench.send(id, INTERRUPT);
    expect((await bench.queue.claim()).data.id).toBe(id);
  });

  test('is made up for when a request was cut off before it could bench.queue one', async () => {
    const id = await bench.openSession();
    const { work } = await bench.queue.begin();
    await bench.stop(work, true);
    // As if the process had died between the two: the input is in the log, and nobody was told.
    await bench.server.session.sessions.send(id, [{ ...MESSAGE, id: 'sevt_cut_off' }]);
    bench.waitForWorker(id);
    expect(await bench.queue.poll()).toBeNull();
    await bench.server.catalog.work.settle('all');
    await bench.server.catalog.work.settle('all');
    expect((await bench.queue.claim()).data.id).toBe(id);
    expect(await bench.queue.poll()).toBeNull();
  });

  test('is looked for among self-hosted sessions alone', async () => {
    const { db, catalog } = bench.server;
    const queries = recordQueries(db);
    await catalog.work.settle('all');
    const plans = await Promise.all(queries.take().map((query) => planOf(db, query)));
    expect(plans.flatMap(({ walks }) => walks)).toEqual([]);
  });

  test('comes for input that was taken although nobody was told so', async () => {
    const id = await bench.openSession();
    const { work } = await bench.queue.begin();
    await bench.stop(work, true);
    const { sessions } = bench.server.session;
    const send = sessions.send.bind(sessions);
    sessions.send = async (...input) => {
      await send(...input);
      bench.waitForWorker(id);
      throw new ApiError('unavailable_error', 'No answer came in time.');
    };
    expect((await errorOf(bench.send(id, MESSAGE))).status).toBe(503);
    sessions.send = send;
    expect(await bench.queue.poll()).toBeNull();
    await bench.server.catalog.work.settle('owed');
    expect((await bench.queue.claim()).data.id).toBe(id);
  });

  test('is owed for as long as the log of its session cannot be read', async () => {
    const id = await bench.openSession();
    const { work } = await bench.queue.begin();
    const { log } = bench.server.session;
    const getState = log.getState.bind(log);
    await bench.server.session.sessions.send(id, [{ ...MESSAGE, id: 'sevt_unread' }]);
    bench.waitForWorker(id);
    log.getState = async () => undefined;
    await bench.stop(work, true);
    log.getState = getState;
    expect(await bench.queue.poll()).toBeNull();
    await bench.server.catalog.work.settle('owed');
    expect((await bench.queue.claim()).data.id).toBe(id);
  });

  test('is not queued for a session that was deleted just then', async () => {
    const id = await bench.openSession();
    const { work } = await bench.queue.begin();
    const { log, sessions } = bench.server.session;
    await sessions.send(id, [{ ...MESSAGE, id: 'sevt_last' }]);
    bench.waitForWorker(id);
    const getEvents = log.getEvents.bind(log);
    log.getEvents = async (session, query) => {
      const page = await getEvents(session, query);
      if (query.types?.includes('user.message')) await bench.client.beta.sessions.delete(id);
      return page;
    };
    await bench.stop(work, true);
    log.getEvents = getEvents;
    const left = bench.server.db.selectFrom('work_items').select('id').where('session_id', '=', id);
    expect(await left.execute()).toEqual([]);
    await expect(bench.client.beta.sessions.retrieve(id)).rejects.toThrow(NotFoundError);
  });

  test('leaves no token when it goes with its session while a worker claims it', async () => {
    const session = await bench.openSession();
    const { db } = bench.server;
    const items = db.selectFrom('work_items').select('id').where('session_id', '=', session);
    const { id } = await items.executeTakeFirstOrThrow();
    const token = { hash: 'a hash', work_id: id, key_id: null, given_at: 1 };
    let removal: Promise<void> | undefined;
    // As a claim does it.
    const claim = db.transaction().setIsolationLevel('read committed');
    await claim.execute(async (tx) => {
      await tx.updateTable('work_items').set({ token: token.hash }).where('id', '=', id).execute();
      removal = removeWork({ db }, session);
      await sleep(100);
      await tx.insertInto('work_tokens').values(token).execute();
    });
    await removal;
    const tokens = db.selectFrom('work_tokens').select('hash').where('work_id', '=', id);
    expect([...(await items.execute()), ...(await tokens.execute())]).toEqual([]);
  });

  test('stops when the session is archived, and is gone when it is deleted', async () => {
    const [one, two, three] = [await bench.openSession(), await bench.openSession(), await bench.openSession()];
    const held = await bench.queue.begin();
    await bench.client.beta.sessions.archive(one);
    expect(await bench.retrieve(held.work)).toMatchObject({ state: 'stopping' });
    await bench.client.beta.sessions.archive(two);
    const { data } = await bench.queue.worker.beta.environments.work.list(bench.queue.environment_id);
    expect(data.map(({ data: { id }, state }) => [id, state])).toEqual([
      [three, 'queued'],
      [two, 'stopped'],
      [one, 'stopping'],
    ]);
    const work = await bench.queue.claim();
    await bench.client.beta.sessions.delete(three);
    expect(await errorOf(bench.retrieve(work))).toBeInstanceOf(NotFoundError);
    expect((await errorOf(bench.queue.beat(work, {}, bearing(bench.server.url, tokenOf(work))))).status).toBe(401);
  });
});
