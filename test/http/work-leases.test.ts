import Anthropic, { ConflictError } from '@anthropic-ai/sdk';
import { rawFetch } from '../support/app.js';
import { errorOf, NO_HEARTBEAT, useWorkBench } from '../support/work-bench.js';

const bench = useWorkBench();

describe('a lease', () => {
  test('is kept by echoing the last heartbeat to the byte', async () => {
    await bench.openSession();
    const { work, token, last } = await bench.queue.begin();
    const second = await bench.queue.beat(work, { expected_last_heartbeat: last }, token);
    expect(second.last_heartbeat > last).toBe(true);
    for (const wrong of [last, 'NO_HEARTBEAT', second.last_heartbeat.replace('Z', '+00:00'), 'x']) {
      const error = await errorOf(bench.queue.beat(work, { expected_last_heartbeat: wrong }, token));
      expect(error).toBeInstanceOf(Anthropic.Beta.Environments.Work.BetaHeartbeatPreconditionFailedError);
      expect(error.status).toBe(412);
      expect(error.error).toMatchObject({
        error: {
          type: 'invalid_request_error',
          details: {
            error_code: 'heartbeat_precondition_failed',
            current_state: {
              state: 'active',
              last_heartbeat: second.last_heartbeat,
              lease_extended: false,
              ttl_seconds: 90,
            },
          },
        },
      });
    }
    expect((await bench.queue.beat(work, {}, token)).lease_extended).toBe(true);
  });

  test('of heartbeats that come at once and expect the same, one is taken', async () => {
    await bench.openSession();
    const { work, token, last } = await bench.queue.begin();
    const beats = Array.from({ length: 8 }, () => bench.queue.beat(work, { expected_last_heartbeat: last }, token));
    const taken = (await Promise.allSettled(beats)).filter(({ status }) => status === 'fulfilled');
    expect(taken).toHaveLength(1);
  });

  test.each([
    [1, 15],
    [60, 60],
    [86_400, 300],
  ])('of %d s wished is one of %d s', async (desired_ttl_seconds, ttl_seconds) => {
    await bench.openSession();
    const { work, last } = await bench.queue.begin();
    const first = await bench.queue.beat(work, { expected_last_heartbeat: last, desired_ttl_seconds });
    expect(first.ttl_seconds).toBe(ttl_seconds);
    expect((await bench.queue.beat(work)).ttl_seconds).toBe(ttl_seconds);
    bench.pass(ttl_seconds * 1000 - 500);
    expect(await bench.queue.poll()).toBeNull();
    bench.pass(600);
    expect((await bench.queue.claim()).id).toBe(work.id);
    // Whoever has it next has wished for nothing yet.
    await bench.queue.ack(work);
    expect((await bench.queue.beat(work, NO_HEARTBEAT)).ttl_seconds).toBe(90);
  });

  test('that lapses gives the item to the next; the late holder gets 412 and nothing else', async () => {
    const session = await bench.openSession();
    const { work, token, last } = await bench.queue.begin();
    expect((await token.beta.sessions.retrieve(session)).id).toBe(session);
    bench.pass(91_000);
    expect(await bench.retrieve(work)).toMatchObject({
      state: 'queued',
      acknowledged_at: null,
      started_at: null,
      latest_heartbeat_at: null,
    });
    const late = () => errorOf(bench.queue.beat(work, { expected_last_heartbeat: last }, token));
    expect(await late()).toMatchObject({
      status: 412,
      error: { error: { details: { current_state: { state: 'queued', last_heartbeat: null } } } },
    });
    const next = await bench.queue.begin();
    expect(next.work.id).toBe(work.id);
    expect((await late()).status).toBe(412);
    expect((await errorOf(bench.queue.beat(work, NO_HEARTBEAT, token))).status).toBe(412);
    expect((await errorOf(token.beta.sessions.retrieve(session))).status).toBe(401);
    expect((await errorOf(bench.stop(work, true, token))).status).toBe(401);
    expect((await bench.queue.beat(work, { expected_last_heartbeat: next.last }, next.token)).lease_extended).toBe(
      true,
    );
  });

  test('that lapses between acknowledgement and first heartbeat, too', async () => {
    await bench.openSession();
    const work = await bench.queue.claim();
    await bench.queue.ack(work);
    bench.pass(91_000);
    expect((await errorOf(bench.queue.beat(work, NO_HEARTBEAT))).status).toBe(412);
    expect((await bench.queue.claim()).id).toBe(work.id);
  });
});

describe('stop', () => {
  test('of a queued item is at once; twice is a 409 that is not worth another try', async () => {
    await bench.openSession();
    const work = await bench.queue.claim();
    expect(await bench.stop(work)).toMatchObject({ state: 'stopped' });
    const error = await errorOf(bench.stop(work));
    expect(error).toBeInstanceOf(ConflictError);
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(await bench.queue.poll()).toBeNull();
  });

  test('of one in hand is told at the next heartbeat, whatever that expects, and confirmed by force', async () => {
    await bench.openSession();
    const { work, token } = await bench.queue.begin();
    await bench.stop(work);
    expect(await bench.stop(work)).toMatchObject({ state: 'stopping' });
    expect(await bench.queue.beat(work, { expected_last_heartbeat: 'x' }, token)).toMatchObject({ state: 'stopping' });
    expect(await bench.stop(work, true, token)).toMatchObject({ state: 'stopped' });
    const beat = await bench.queue.beat(work, { expected_last_heartbeat: 'x' }, token);
    expect(beat).toMatchObject({ state: 'stopped', lease_extended: false });
  });

  test('of one whose worker is gone is over with its lease', async () => {
    await bench.openSession();
    const { work } = await bench.queue.begin();
    await bench.stop(work);
    bench.pass(91_000);
    expect(await bench.retrieve(work)).toMatchObject({ state: 'stopped', stopped_at: expect.any(String) });
  });

  test('takes {} and {"force":false} alike, and nothing else', async () => {
    await bench.openSession();
    const { work } = await bench.queue.begin();
    const path = `/v1/environments/${bench.queue.environment_id}/work/${work.id}/stop`;
    for (const [body, status] of [
      ['{"force":"yes"}', 400],
      ['{"x":1}', 400],
      ['{"force":false}', 200],
      ['{}', 200],
      ['', 200],
    ] as const) {
      expect((await rawFetch(bench.server, path, { method: 'POST', body })).status).toBe(status);
    }
  });
});
