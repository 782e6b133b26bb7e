import { deadline } from '../support/patience.js';
import { heldReply } from './held-reply.js';
import { historySize, listAll, only, openTalk, textOf, typesOf, type Talk } from './session.js';
import type { GetWire } from './suite.js';

/** What comes in, when, and how large. */
export function describeInputs(get: GetWire): void {
  describe('inputs', () => {
    test('that come while it runs are queued, listed last without a time, and answered in one turn', async () => {
      const first = heldReply();
      const talk = await openTalk(get(), { replies: [first.reply] });
      await talk.send('first');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      await talk.send('second');
      await talk.send('third');
      const before = await talk.list();
      expect(before.slice(-2).map(textOf)).toEqual(['second', 'third']);
      expect(before.slice(-2).map((event) => event.processed_at)).toEqual([null, null]);
      // Pages of one hold what one page holds, in both orders, though two of them have no time yet.
      expect(await listAll(get(), talk.id, { limit: 1 })).toEqual(before);
      expect(await listAll(get(), talk.id, { limit: 1, order: 'desc' })).toEqual(before.toReversed());
      const messages = await listAll(get(), talk.id, { types: ['user.message'] });
      expect(messages.map(textOf)).toEqual(['first', 'second', 'third']);
      first.release();
      await talk.stream.untilIdle(0);
      const requests = get().requestsOf(talk.model);
      expect(requests.map(({ text }) => text)).toEqual(['first', 'second\nthird']);
      const after = await talk.list();
      // No idle in between, and the queued ones stand where they were taken up.
      expect(typesOf(after).filter((type) => type.startsWith('session.status'))).toEqual([
        'session.status_running',
        'session.status_idle',
      ]);
      expect(after.map((event) => event.processed_at)).not.toContain(null);
      const spans = typesOf(after).flatMap((type, index) => (type === 'span.model_request_start' ? [index] : []));
      expect(typesOf(after).indexOf('user.message', 1)).toBeGreaterThan(spans[0] ?? Infinity);
    });

    test('of one request are one turn', async () => {
      const talk = await openTalk(get());
      const events = await talk.turn('one', 'two', 'three');
      expect(
        get()
          .requestsOf(talk.model)
          .map(({ text }) => text),
      ).toEqual(['one\ntwo\nthree']);
      expect(only(events, 'user.message').filter((event) => event.processed_at === null)).toHaveLength(3);
    });

    test('may be there from the start', async () => {
      const content = [{ type: 'text' as const, text: 'begin' }];
      const talk = await openTalk(get(), { initial_events: [{ type: 'user.message', content }] });
      await isIdle(get, talk);
      expect(typesOf(await talk.list()).slice(0, 3)).toEqual([
        'user.message',
        'session.status_running',
        'session.thread_status_running',
      ]);
    });

    test('the same words twice are two messages', async () => {
      const talk = await openTalk(get());
      const [[first], [second]] = [await talk.send('again'), await talk.send('again')];
      expect(first?.id).not.toBe(second?.id);
      await isIdle(get, talk);
      expect(only(await talk.list(), 'user.message').map(({ id }) => id)).toEqual([first?.id, second?.id]);
    });

    test('P2: a message of 200 KB comes back whole, and stays out of Temporal', async () => {
      const long = `begin ${'ä'.repeat(100_000)} end`;
      const talk = await openTalk(get(), { replies: [{ blocks: [{ type: 'text', text: long }] }] });
      const events = await talk.turn(long);
      expect(textOf(only(events, 'user.message')[1])).toBe(long);
      expect(textOf(only(events, 'agent.message')[0])).toBe(long);
      expect(await talk.list()).toEqual(events.slice(1));
      expect(get().requestsOf(talk.model)[0]?.text).toBe(long);
      expect(await historySize(get(), talk.id)).toBeLessThan(60_000);
    });

    test('of many blocks that are small each do not overfill a payload of Temporal', async () => {
      const talk = await openTalk(get());
      const block = { type: 'text' as const, text: 'x'.repeat(15_000) };
      const message = { type: 'user.message' as const, content: Array.from({ length: 60 }, () => block) };
      await get().client.beta.sessions.events.send(talk.id, { events: [message, message, message] });
      // Not from the stream: a burst beyond its backlog ends it.
      await isIdle(get, talk);
      expect(only(await talk.list(), 'user.message').at(-1)?.content).toEqual(message.content);
      expect(get().requestsOf(talk.model)).toHaveLength(1);
    });

    test('a thousand at once are taken', async () => {
      const talk = await openTalk(get());
      const texts = Array.from({ length: 1_000 }, (_, index) => `message ${index}`);
      await talk.turn(...texts);
      expect(only(await listAll(get(), talk.id, { limit: 1_000 }), 'user.message').map(textOf)).toEqual(texts);
    });
  });

  describe('signals from the Temporal UI or CLI', () => {
    test('say what an update says', async () => {
      const talk = await openTalk(get());
      await signal(get, talk.id, 'hello from the UI');
      const events = await talk.stream.untilIdle(0);
      expect(textOf(only(events, 'user.message')[0])).toBe('hello from the UI');
      expect(only(events, 'agent.message')).toHaveLength(1);
    });

    test('interrupt', async () => {
      const talk = await openTalk(get(), { replies: [heldReply().reply] });
      await talk.send('go');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      await signal(get, talk.id, { type: 'user.interrupt' });
      expect((await talk.stream.untilIdle(0)).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    });

    test('that make no sense leave no trace in the log, and the session alive', async () => {
      const talk = await openTalk(get());
      await signal(get, talk.id, { type: 'agent.message', content: 'I am the agent' });
      await signal(get, talk.id, 42);
      const events = await talk.turn('still there?');
      expect(textOf(only(events, 'agent.message')[0])).toBe('hello');
      expect(JSON.stringify(await talk.list())).not.toContain('I am the agent');
    });
  });
}

/** The session was created at work: its idle may have come before anybody could follow. */
async function isIdle(get: GetWire, talk: Talk): Promise<void> {
  for (const isOver = deadline(10_000); !isOver();) {
    const list = await talk.list();
    if (list.at(-1)?.type === 'session.status_idle') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`session ${talk.id} of ${get().server.url} is not idle`);
}

function signal(get: GetWire, id: string, value: unknown): Promise<void> {
  return get().temporal.workflow.getHandle(id).signal('events', value);
}
