import { type AccumulatedEvent, accumulateManagedAgentsEvent } from '@anthropic-ai/sdk/lib/sessions/accumulate';
import { words } from '../../bench/upstream-reply.js';
import type { EventPreview } from '../../src/session/session.js';
import { deadline } from '../support/patience.js';
import { follow, type Recording } from './recording.js';
import { only, openTalk, textOf } from './session.js';
import type { GetWire } from './suite.js';

/** Previews, several clients, and that none misses anything. */
export function describeStreams(get: GetWire): void {
  describe('a stream', () => {
    test('previews a message while it is made: one start, deltas that are a prefix, the event last', async () => {
      const { promise: hasJoined, resolve: goOn } = Promise.withResolvers<void>();
      const blocks = [{ type: 'thinking' as const, thinking: 'hm' }, words(30)];
      const reply = { blocks, tokenMs: 20, pauseAfter: { events: 15, until: hasJoined } };
      const talk = await openTalk(get(), { replies: [reply] });
      const { client } = get();
      const [one, both] = await Promise.all([
        follow(client, talk.id, ['agent.message']),
        follow(client, talk.id, ['agent.message', 'agent.thinking']),
      ]);
      await talk.send('go');
      await one.until(({ type }) => type === 'event_delta');
      const late = await follow(client, talk.id, ['agent.message']);
      goOn();
      await Promise.all([one, both, late, talk.stream].map((recording) => recording.untilIdle(0)));
      expect(talk.stream.previews).toEqual([]);
      expect(late.previews).toEqual([]);
      expect(starts(one)).toEqual(['agent.message']);
      expect(starts(both)).toEqual(['agent.thinking', 'agent.message']);
      for (const recording of [one, both]) {
        const message = only(recording.events, 'agent.message')[0];
        const shown = recording.previews.flatMap((preview) => (preview.type === 'event_delta' ? [preview] : []));
        expect(shown.length).toBeGreaterThan(1);
        expect(shown.every(({ event_id }) => event_id === message?.id)).toBe(true);
        expect(textOf(message).startsWith(shown.map(textOfDelta).join(''))).toBe(true);
        const places = recording.all.flatMap((event, index) => (isAbout(event, message?.id) ? [index] : []));
        expect(recording.all[places.at(-1) ?? -1]).toEqual(message);
        const preview = accumulated(recording.previews);
        expect(preview?.id).toBe(message?.id);
        expect(textOf(preview)).toBe(shown.map(textOfDelta).join(''));
      }
      for (const recording of [one, both, late]) recording.close();
    });

    test('of a request that dies ends its preview with the request’s end, and no message', async () => {
      const talk = await openTalk(get(), {
        replies: [{ blocks: [words(10)], tokenMs: 20, breakAfter: { events: 7, how: 'cut' } }],
      });
      const recording = await follow(get().client, talk.id, ['agent.message']);
      await talk.turn('go');
      await recording.untilIdle(0);
      const [first] = recording.previews;
      const [dead, alive] = recording.previews.flatMap((p) => (p.type === 'event_start' ? [p.event.id] : []));
      expect(first?.type).toBe('event_start');
      expect(dead).not.toBe(alive);
      expect(only(recording.events, 'agent.message').map(({ id }) => id)).toEqual([alive]);
      recording.close();
    });

    test('followed first and listed then leaves no gap, whenever a client joins', async () => {
      const talk = await openTalk(get(), { replies: [{ blocks: [words(10)], tokenMs: 10 }] });
      const joined: Promise<{ stream: Recording; listed: string[] }>[] = [];
      const join = async () => {
        const stream = await follow(get().client, talk.id);
        return { stream, listed: (await talk.list()).map(({ id }) => id) };
      };
      const sending = talk.turn('one').then(() => talk.turn('two'));
      for (let count = 0; count < 10; count += 1) {
        joined.push(join());
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      await sending;
      const whole = new Set((await talk.list()).map(({ id }) => id));
      for (const { stream, listed } of await Promise.all(joined)) {
        await expectToSee(stream, listed, whole);
        stream.close();
      }
    });

    test('shows nothing that cannot be listed yet', async () => {
      const talk = await openTalk(get(), { replies: [{ blocks: [words(5)] }] });
      const lists: Promise<boolean>[] = [];
      const stream = await follow(get().client, talk.id);
      const seen = new Set<string>();
      const check = async (id: string) => (await talk.list()).some((event) => event.id === id);
      await talk.send('go');
      while (stream.events.at(-1)?.type !== 'session.status_idle') {
        for (const { id } of stream.events) {
          if (seen.has(id)) continue;
          seen.add(id);
          lists.push(check(id));
        }
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect((await Promise.all(lists)).every(Boolean)).toBe(true);
      stream.close();
    });
  });
}

async function expectToSee(stream: Recording, listed: string[], whole: Set<string>): Promise<void> {
  const missing = () => {
    const known = new Set([...listed, ...stream.events.map(({ id }) => id)]);
    return [...whole].filter((id) => !known.has(id));
  };
  // The last idle may still be on its way to this connection.
  for (const isOver = deadline(5_000); missing().length > 0 && !isOver();) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(missing()).toEqual([]);
}

function starts({ previews }: Recording): string[] {
  return previews.flatMap((preview) => (preview.type === 'event_start' ? [preview.event.type] : []));
}

function textOfDelta({ delta }: Extract<EventPreview, { type: 'event_delta' }>): string {
  return 'text' in delta.content ? delta.content.text : '';
}

/** What the SDK's own helper makes of previews. */
function accumulated(previews: EventPreview[]): AccumulatedEvent | undefined {
  let event: AccumulatedEvent | undefined;
  for (const preview of previews) event = accumulateManagedAgentsEvent(event, preview) ?? event;
  return event;
}

function isAbout(event: Recording['all'][number], id: string | undefined): boolean {
  if (event.type === 'event_start') return event.event.id === id;
  return event.type === 'event_delta' ? event.event_id === id : event.id === id;
}
