import * as fc from 'fast-check';
import type { ContentBlock } from '../../src/model/model.js';
import { createReplyFold, MalformedReply, type StreamEvent } from '../../src/model/reply.js';
import { streamEvents, usageOf, type WholeReply } from '../../src/model/stream-events.js';
import { createListener } from '../contracts/model.js';

const block: fc.Arbitrary<ContentBlock> = fc.oneof(
  fc.record({
    type: fc.constant('text' as const),
    text: fc.string({ unit: 'grapheme', maxLength: 30 }),
    citations: fc.constant(null),
  }),
  fc.record({
    type: fc.constant('thinking' as const),
    thinking: fc.string({ maxLength: 20 }),
    signature: fc.string({ minLength: 1, maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('redacted_thinking' as const), data: fc.string() }),
  fc.record({
    type: fc.constant('tool_use' as const),
    id: fc.string({ minLength: 1 }),
    name: fc.constant('bash'),
    // As it would arrive: what JSON cannot carry is no input.
    input: fc.dictionary(fc.string(), fc.jsonValue()).map((value): unknown => JSON.parse(JSON.stringify(value))),
  }),
);

const reply: fc.Arbitrary<WholeReply> = fc.array(block, { maxLength: 5 }).map((content) => ({
  id: 'msg_1',
  model: 'm',
  content,
  stop_reason: 'end_turn',
  stop_details: null,
  usage: usageOf({ input_tokens: 5, output_tokens: 9 }),
}));

function eventsOf(whole: WholeReply, size: number): StreamEvent[] {
  const split = (text: string): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
  return [...streamEvents(whole, split)];
}

const size = fc.integer({ min: 1, max: 12 });

describe('the fold of a reply', () => {
  it('gives every block as it was, however the stream was cut into pieces', () => {
    fc.assert(
      fc.property(reply, size, (whole, pieces) => {
        const heard = createListener();
        const fold = createReplyFold(heard);
        for (const event of eventsOf(whole, pieces)) fold.apply(event);
        expect(fold.isDone()).toBe(true);
        expect(fold.reply()).toMatchObject({ content: whole.content, usage: { input_tokens: 5, output_tokens: 9 } });
        expect(heard.texts.join('')).toBe(textIn(whole.content));
        expect(heard.starts).toEqual(indices(whole.content, ['text']));
        expect(heard.thoughts).toEqual(indices(whole.content, ['thinking', 'redacted_thinking']));
      }),
    );
  });

  it('interrupted anywhere, gives the text that was shown, and of the rest only what had come whole', () => {
    fc.assert(
      fc.property(reply, size, fc.nat(60), (whole, pieces, cut) => {
        const heard = createListener();
        const fold = createReplyFold(heard);
        const seen = eventsOf(whole, pieces).slice(0, cut);
        for (const event of seen) fold.apply(event);
        const { content } = fold.interrupted();
        expect(textIn(content)).toBe(heard.texts.join(''));
        const closed = seen.filter((event) => event.type === 'content_block_stop').length;
        const rest = whole.content.slice(0, closed).filter(({ type }) => type !== 'text');
        // A thought is whole with its signature, which is the event before its end.
        const signed = whole.content[closed];
        const last = seen.at(-1);
        const isSigned = last?.type === 'content_block_delta' && last.delta.type === 'signature_delta';
        expect(content.filter(({ type }) => type !== 'text')).toEqual(isSigned ? [...rest, signed] : rest);
      }),
    );
  });

  it('drops a thought that came to its end without a signature when it is interrupted', () => {
    const fold = createReplyFold(createListener());
    fold.apply({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'thinking', thinking: '', signature: '' },
    });
    fold.apply({ type: 'content_block_stop', index: 0 });
    expect(fold.interrupted().content).toEqual([]);
  });

  it.each<[string, StreamEvent]>([
    [
      'for a block that was never started',
      { type: 'content_block_delta', index: 3, delta: { type: 'text_delta', text: 'x' } },
    ],
    [
      'of the wrong kind',
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{' } },
    ],
  ])('refuses a piece %s', (_, event) => {
    const fold = createReplyFold(createListener());
    fold.apply({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } });
    expect(() => fold.apply(event)).toThrow(MalformedReply);
  });

  it('passes over events that it does not know', () => {
    const fold = createReplyFold(createListener());
    expect(() => fold.apply(JSON.parse('{"type":"news"}') as StreamEvent)).not.toThrow();
  });
});

function textIn(content: ContentBlock[]): string {
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
}

function indices(content: ContentBlock[], types: ContentBlock['type'][]): number[] {
  return content.flatMap((part, index) => (types.includes(part.type) ? [index] : []));
}
