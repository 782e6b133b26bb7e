import { BadRequestError } from '@anthropic-ai/sdk';
import { adminRequest } from '../support/admin.js';
import { bearing, openQueue } from '../support/work.js';
import { errorOf, INTERRUPT, MESSAGE, OUTCOME, useWorkBench } from '../support/work-bench.js';

const bench = useWorkBench();

/** The types of all events until the stream ends. */
async function reading(stream: AsyncIterable<{ type: string }>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of stream) types.push(type);
  return types;
}

const refOf = ({ environment_id }: { environment_id: string }) => ({ environment_id });

describe('a worker', () => {
  test('is let in by its own kind of key only', async () => {
    const id = await bench.openSession();
    const { work, token } = await bench.queue.begin();
    const ref = refOf(bench.queue);
    const { work: api } = bench.client.beta.environments;
    for (const call of [
      () => api.poll(bench.queue.environment_id),
      () => api.list(bench.queue.environment_id),
      () => api.ack(work.id, ref),
      () => api.heartbeat(work.id, ref),
      () => bench.queue.worker.beta.environments.work.retrieve(work.id, ref),
      () => bench.queue.worker.beta.environments.work.update(work.id, { ...ref, metadata: {} }),
      () => bench.queue.worker.beta.sessions.list(),
      () => token.beta.environments.work.poll(bench.queue.environment_id),
      () => token.beta.environments.work.retrieve(work.id, ref),
      () => token.beta.environments.work.stats(bench.queue.environment_id),
      () => token.beta.sessions.delete(id),
      () => token.beta.agents.list(),
    ]) {
      expect((await errorOf(call())).status).toBe(403);
    }
  });

  test('sees its own session and no other', async () => {
    const [own, other] = [await bench.openSession(), await bench.openSession()];
    const { work, token } = await bench.queue.begin();
    const foreign = await openQueue(bench.server.url, bench.client);
    const theirs = await bench.openSession(foreign);
    expect((await token.beta.sessions.events.list(own)).data.length).toBeGreaterThan(0);
    expect((await bench.queue.worker.beta.sessions.retrieve(other)).id).toBe(other);
    const second = await bench.queue.claim();
    for (const call of [
      () => token.beta.sessions.retrieve(other),
      () => token.beta.sessions.events.list(other),
      () => token.beta.environments.work.heartbeat(second.id, refOf(bench.queue)),
      () => token.beta.environments.work.heartbeat(work.id, refOf(foreign)),
      () => bench.queue.worker.beta.sessions.retrieve(theirs),
      () => bench.queue.worker.beta.environments.work.poll(foreign.environment_id),
    ]) {
      expect((await errorOf(call())).status).toBe(404);
    }
  });

  test('sends results and nothing else', async () => {
    const id = await bench.openSession();
    const { token } = await bench.queue.begin();
    const use = bench.waitForWorker(id);
    const result = { type: 'user.tool_result' as const, tool_use_id: use, content: [] };
    for (const by of [token, bench.queue.worker]) {
      const { data } = await by.beta.sessions.events.send(id, { events: [result] });
      expect(data?.[0]).toMatchObject({ type: 'user.tool_result', processed_at: expect.any(String) });
      const allow = { type: 'user.tool_confirmation' as const, tool_use_id: use, result: 'allow' as const };
      for (const event of [MESSAGE, INTERRUPT, OUTCOME, allow]) {
        expect((await errorOf(by.beta.sessions.events.send(id, { events: [event] }))).status).toBe(403);
      }
    }
  });

  test('has five minutes for its last words once its item is stopped', async () => {
    const id = await bench.openSession();
    const { work, token } = await bench.queue.begin();
    await bench.stop(work, true, token);
    bench.pass(290_000);
    expect((await token.beta.sessions.retrieve(id)).id).toBe(id);
    bench.pass(20_000);
    expect((await errorOf(token.beta.sessions.retrieve(id))).status).toBe(401);
  });

  test('has nothing more once its environment’s key is revoked, whatever it has in hand', async () => {
    const id = await bench.openSession();
    const { work, token } = await bench.queue.begin();
    const stream = await token.beta.sessions.events.stream(id);
    const path = `environment_keys?environment_id=${bench.queue.environment_id}`;
    const { body } = await adminRequest<{ data: { id: string }[] }>(bench.server, path);
    await adminRequest(bench.server, `environment_keys/${body.data[0]?.id}/revoke`, { body: {} });
    await expect(reading(stream)).rejects.toThrow(/key of this stream is not valid/);
    for (const call of [
      () => token.beta.sessions.retrieve(id),
      () => bench.queue.beat(work, {}, token),
      () => bench.queue.poll(),
    ]) {
      expect((await errorOf(call())).status).toBe(401);
    }
    bench.pass(91_000);
    expect(await bench.retrieve(work)).toMatchObject({ state: 'queued' });
  });

  test('follows a session no longer than it has its item', async () => {
    const id = await bench.openSession();
    const { token, work } = await bench.queue.begin();
    const streams = [
      await token.beta.sessions.events.stream(id),
      await bench.queue.worker.beta.sessions.events.stream(id),
      await bench.client.beta.sessions.events.stream(id),
    ];
    const [own, keys, clients] = streams.map(reading);
    bench.pass(91_000);
    await expect(own).rejects.toThrow(/key of this stream is not valid/);
    expect(bench.server.session.subscribers()).toBe(2);
    await bench.stop(work);
    await bench.client.beta.sessions.archive(id);
    expect(await Promise.all([keys, clients])).toEqual([['session.status_terminated'], ['session.status_terminated']]);
  });

  test('is let in by no token that nobody was given', async () => {
    const id = await bench.openSession();
    await bench.queue.begin();
    const stored = await bench.server.db.selectFrom('work_tokens').select('hash').execute();
    for (const text of ['sk-ant-req-', 'sk-ant-req-x', `sk-ant-req-${stored[0]?.hash}`]) {
      expect((await errorOf(bearing(bench.server.url, text).beta.sessions.retrieve(id))).status).toBe(401);
    }
  });
});

describe('a result from a worker', () => {
  test('is for sessions in self-hosted environments, and for calls that it may run', async () => {
    const id = await bench.openSession();
    const answer = (tool_use_id: string, session = id) =>
      bench.send(session, { type: 'user.tool_result', tool_use_id, content: [{ type: 'text', text: 'x' }] });
    const emit = (event: Parameters<typeof bench.server.session.emit>[1]) => bench.server.session.emit(id, event).id;
    const denied = emit({ type: 'agent.tool_use', name: 'bash', input: {}, evaluated_permission: 'deny' });
    const custom = emit({ type: 'agent.custom_tool_use', name: 'boss', input: {} });
    for (const [use, told] of [
      [denied, 'was denied'],
      [custom, 'user.custom_tool_result'],
      ['sevt_none', 'no event'],
    ] as const) {
      const error = await errorOf(answer(use));
      expect(error).toBeInstanceOf(BadRequestError);
      expect(error.message).toContain('events.0.tool_use_id');
      expect(error.message).toContain(told);
    }
    const { id: environment_id } = await bench.client.beta.environments.create({ name: 'cloud' });
    const cloud = await bench.client.beta.sessions.create({ agent: bench.agent, environment_id });
    expect((await errorOf(answer(denied, cloud.id))).message).toContain('self_hosted');
  });
});

describe('the memories of a session', () => {
  test('are its worker’s to read and to write, by its token alone; read-only ones to read', async () => {
    const { memoryStores, sessions } = bench.client.beta;
    const [own, shown, other] = await Promise.all(['a', 'b', 'c'].map((name) => memoryStores.create({ name })));
    const { environment_id } = bench.queue;
    const session = await sessions.create({
      agent: bench.agent,
      environment_id,
      initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'hi' }] }],
      resources: [
        { type: 'memory_store', memory_store_id: own?.id ?? '' },
        { type: 'memory_store', memory_store_id: shown?.id ?? '', access: 'read_only' },
      ],
    });
    const { token } = await bench.queue.begin();
    const { memories } = token.beta.memoryStores;
    const write = (id = '', by = memories) => by.create(id, { path: '/a', content: 'x' });
    const memory = await write(own?.id);
    const [version] = (await memoryStores.memoryVersions.list(own?.id ?? '')).data;
    expect(version?.created_by).toEqual({ type: 'session_actor', session_id: session.id });
    expect((await memories.list(own?.id ?? '')).data).toHaveLength(1);
    await memories.delete(memory.id, { memory_store_id: own?.id ?? '' });
    expect((await memories.list(shown?.id ?? '')).data).toEqual([]);
    expect((await errorOf(write(shown?.id))).status).toBe(403);
    expect((await errorOf(write(other?.id))).status).toBe(404);
    expect((await errorOf(write(own?.id, bench.queue.worker.beta.memoryStores.memories))).status).toBe(403);
    expect((await errorOf(token.beta.memoryStores.retrieve(own?.id ?? ''))).status).toBe(403);
  });

  test('and skills of other sessions are not there for it', async () => {
    await bench.openSession();
    const { token } = await bench.queue.begin();
    const other = token.beta.skills.versions.retrieve('latest', { skill_id: 'skill_other' });
    expect((await errorOf(other)).status).toBe(404);
  });
});
