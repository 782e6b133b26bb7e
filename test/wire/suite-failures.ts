import { words, type UpstreamReply } from '../../bench/upstream-reply.js';
import type { SessionEvent } from '../../src/session/session.js';
import { heldReply } from './held-reply.js';
import { only, openTalk, textOf, typesOf, type Talk } from './session.js';
import type { GetWire } from './suite.js';

const overloaded: UpstreamReply = { error: { status: 529, type: 'overloaded_error', message: 'busy' } };
const RETRIED = ['session.error', 'session.thread_status_rescheduled', 'session.status_rescheduled'];

/** What a failing model's API comes to. */
export function describeFailures(get: GetWire, isUncached: boolean): void {
  describe('a model’s API that fails', () => {
    let exhausted: { talk: Talk; end: Promise<SessionEvent[]> };
    // Four waits of up to 2, 4, 8 and 16 s: the other tests go on meanwhile.
    beforeAll(async () => {
      const talk = await openTalk(get(), { replies: Array.from({ length: 5 }, () => overloaded) });
      await talk.send('go');
      const end = talk.stream.until(({ type }) => type === 'session.status_idle').catch(() => {});
      exhausted = { talk, end: end.then(() => talk.stream.events) };
    });

    const passing: [string, UpstreamReply, string][] = [
      ['429', { error: { status: 429, type: 'rate_limit_error', message: 'slow' } }, 'model_rate_limited_error'],
      ['529', overloaded, 'model_overloaded_error'],
      ['500', { error: { status: 500 } }, 'model_request_failed_error'],
      [
        'a stream that is cut',
        { blocks: [words(5)], breakAfter: { events: 4, how: 'cut' } },
        'model_request_failed_error',
      ],
      [
        'a stream that ends early',
        { blocks: [words(5)], breakAfter: { events: 4, how: 'end' } },
        'model_request_failed_error',
      ],
    ];
    // The core can drop a local activity of a session that it puts out of a memory for none, and repeats the task only
    // after its timeout: where nothing is kept, one session at a time.
    const each = isUncached ? test.each : test.concurrent.each;
    each(passing)('is asked again after %s', async (_, failure, type) => {
      const talk = await openTalk(get(), { replies: [failure] });
      const events = await talk.turn('go');
      expect(typesOf(events).slice(4)).toEqual([
        'span.model_request_start',
        'span.model_request_end',
        ...RETRIED,
        'session.status_running',
        'session.thread_status_running',
        'span.model_request_start',
        'agent.message',
        'span.model_request_end',
        'session.thread_status_idle',
        'session.usage',
        'session.status_idle',
      ]);
      expect(only(events, 'span.model_request_end').map(({ is_error }) => is_error)).toEqual([true, false]);
      expect(only(events, 'session.error')).toMatchObject([{ error: { type, retry_status: { type: 'retrying' } } }]);
      expect(only(events, 'agent.message').map(textOf)).toEqual(['hello']);
      const [first, second] = get().requestsOf(talk.model);
      expect(second?.body).toEqual(first?.body);
    });

    test('is left alone for as long as it asks', async () => {
      const error = { status: 429, type: 'rate_limit_error', headers: { 'retry-after': '3' } };
      const talk = await openTalk(get(), { replies: [{ error }] });
      await talk.send('go');
      await talk.stream.until(({ type }) => type === 'session.status_rescheduled');
      expect((await get().client.beta.sessions.retrieve(talk.id)).status).toBe('rescheduling');
      await talk.stream.untilIdle(0);
      const [first, second] = get().requestsOf(talk.model);
      expect((second?.receivedAt ?? 0) - (first?.endedAt ?? 0)).toBeGreaterThanOrEqual(2_950);
    });

    test('can be interrupted in its wait', async () => {
      const error = { status: 429, type: 'rate_limit_error', headers: { 'retry-after': '600' } };
      const talk = await openTalk(get(), { replies: [{ error }] });
      await talk.send('go');
      await talk.stream.until(({ type }) => type === 'session.status_rescheduled');
      await talk.interrupt();
      const events = await talk.stream.untilIdle(0);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(get().requestsOf(talk.model)).toHaveLength(1);
    });

    test('with a 400 is not asked again: the turn is exhausted, the session lives', async () => {
      const talk = await openTalk(get(), { replies: [{ error: { status: 400, type: 'invalid_request_error' } }] });
      const events = await talk.turn('go');
      expect(only(events, 'session.error')).toMatchObject([
        { error: { type: 'model_request_failed_error', retry_status: { type: 'exhausted' } } },
      ]);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
      expect(get().requestsOf(talk.model)).toHaveLength(1);
      expect((await talk.turn('again')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    });

    test('for want of money is not asked again either', async () => {
      const talk = await openTalk(get(), { replies: [{ error: { status: 402, type: 'billing_error' } }] });
      const events = await talk.turn('go');
      expect(only(events, 'session.error')).toMatchObject([
        { error: { type: 'billing_error', retry_status: { type: 'exhausted' } } },
      ]);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    });

    test('for good takes what was queued with it: that starts no turn, and the next message finds it', async () => {
      const refused: UpstreamReply = { error: { status: 400, type: 'invalid_request_error' } };
      const { reply, release } = heldReply(refused);
      const talk = await openTalk(get(), { replies: [reply] });
      await talk.send('one');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      await talk.send('two');
      release();
      const events = await talk.stream.untilIdle(0);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
      const list = await talk.list();
      expect(only(list, 'user.message').map(textOf)).toEqual(['one', 'two']);
      expect(list.map(({ processed_at }) => processed_at)).not.toContain(null);
      expect(list.at(-1)?.type).toBe('session.status_idle');
      await talk.turn('three');
      expect(
        get()
          .requestsOf(talk.model)
          .map(({ text }) => text),
      ).toEqual(['one', 'one\ntwo\nthree']);
    });

    test('five times in a row is given up', async () => {
      const { talk, end } = exhausted;
      await end;
      const events = await talk.stream.untilIdle(0);
      const statuses = only(events, 'session.error').map(({ error }) => error.retry_status.type);
      expect(statuses).toEqual(['retrying', 'retrying', 'retrying', 'retrying', 'exhausted']);
      expect(typesOf(events).filter((type) => type === 'session.status_rescheduled')).toHaveLength(4);
      expect(typesOf(events).filter((type) => type === 'session.status_running')).toHaveLength(5);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
      expect(get().requestsOf(talk.model)).toHaveLength(5);
      expect((await talk.turn('again')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    });
  });
}
