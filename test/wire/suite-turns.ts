import { words } from '../../bench/upstream-reply.js';
import { listAll, only, openTalk, textOf, typesOf } from './session.js';
import type { GetWire } from './suite.js';

const TEXT_TURN = [
  'user.message',
  'user.message',
  'session.status_running',
  'session.thread_status_running',
  'span.model_request_start',
  'agent.message',
  'span.model_request_end',
  'session.thread_status_idle',
  'session.usage',
  'session.status_idle',
];

/** Turns without tools: order, usage, stop reasons. */
export function describeTurns(get: GetWire): void {
  describe('a turn', () => {
    test('is streamed in the contract’s order, and listed the same but for the queued copy', async () => {
      const talk = await openTalk(get());
      const [echo] = await talk.send('hi');
      const events = await talk.stream.untilIdle(0);
      expect(typesOf(events)).toEqual(TEXT_TURN);
      // The message comes twice on the stream: queued, and with its time once it is taken up.
      expect(echo).toEqual(events[0]);
      expect(events[0]).toMatchObject({ processed_at: null, content: [{ type: 'text', text: 'hi' }] });
      expect(events[1]).toEqual({ ...events[0], processed_at: expect.any(String) });
      const list = await talk.list();
      expect(list).toEqual(events.slice(1));
      const times = list.map((event) => event.processed_at ?? '');
      expect(times).toEqual(times.toSorted());
      const start = only(list, 'span.model_request_start')[0];
      expect(only(list, 'span.model_request_end')[0]).toMatchObject({
        model_request_start_id: start?.id,
        is_error: false,
        model_usage: { input_tokens: expect.any(Number), output_tokens: 1 },
      });
      expect(list.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' }, stop_details: null });
      expect(await listAll(get(), talk.id, { order: 'desc', limit: 3 })).toEqual(list.toReversed());
    });

    test('adds to the usage of the one before, and knows what was said in it', async () => {
      const talk = await openTalk(get(), { replies: [{ usage: { input_tokens: 7, output_tokens: 2 } }] });
      await talk.turn('one');
      talk.script({ usage: { input_tokens: 5, output_tokens: 1, cache_read_input_tokens: 4 } });
      const events = await talk.turn('two');
      expect(only(events, 'session.usage')[0]?.usage).toMatchObject({
        input_tokens: 12,
        output_tokens: 3,
        cache_read_input_tokens: 4,
      });
      const session = await get().client.beta.sessions.retrieve(talk.id);
      expect(session.usage).toMatchObject({ input_tokens: 12, output_tokens: 3 });
      expect(session.stats?.active_seconds).toBeGreaterThan(0);
      const said = get().requestsOf(talk.model)[1]?.body.messages;
      expect(said?.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    });

    test('thinks in signs only: the thought itself goes back to the model, not to the client', async () => {
      const secret = 'a private thought';
      const talk = await openTalk(get(), {
        replies: [{ blocks: [{ type: 'thinking', thinking: secret }, words(2)] }],
      });
      const events = await talk.turn('one');
      expect(typesOf(events).slice(5, 7)).toEqual(['agent.thinking', 'agent.message']);
      expect(JSON.stringify(await talk.list())).not.toContain(secret);
      await talk.turn('two');
      expect(JSON.stringify(get().requestsOf(talk.model)[1]?.body)).toContain(secret);
    });

    test('that the model’s limit of output cuts off ends, with what there is', async () => {
      const talk = await openTalk(get(), { replies: [{ blocks: [words(3)], stop_reason: 'max_tokens' }] });
      const events = await talk.turn('go');
      expect(textOf(only(events, 'agent.message')[0])).toBe('w0 w1 w2');
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    });

    test('that pauses goes on with another request', async () => {
      const talk = await openTalk(get(), {
        replies: [{ blocks: [{ type: 'text', text: 'first ' }], stop_reason: 'pause_turn' }, {}],
      });
      const events = await talk.turn('go');
      expect(only(events, 'agent.message').map(textOf)).toEqual(['first ', 'hello']);
      expect(only(events, 'span.model_request_end')).toHaveLength(2);
    });

    test('that is refused says so, and the session goes on without the refused part', async () => {
      const refusal = { stop_reason: 'refusal', stop_details: { category: 'cyber', explanation: 'not this' } } as const;
      const talk = await openTalk(get(), { replies: [{ blocks: [words(2)], ...refusal }] });
      const events = await talk.turn('go');
      expect(events.at(-1)).toMatchObject({
        stop_reason: { type: 'refusal' },
        stop_details: { type: 'refusal', category: 'cyber', explanation: 'not this' },
      });
      const next = await talk.turn('something else');
      expect(next.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' }, stop_details: null });
      expect(get().requestsOf(talk.model)[1]?.refused).toBeUndefined();
    });
  });
}
