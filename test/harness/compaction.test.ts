import * as fc from 'fast-check';
import { sign } from '../../bench/upstream-reply.js';
import { checkRequest } from '../../bench/upstream-rules.js';
import { planCompaction } from '../../src/harness/compaction/compaction.js';
import { summaryBlock, summaryMessages, toBites } from '../../src/harness/compaction/summary-request.js';
import { estimateTokens } from '../../src/harness/compaction/size.js';
import {
  append,
  createContext,
  toMessages,
  wholeTurns,
  type Context,
  type ContextEntry,
} from '../../src/harness/context/context.js';
import { textsOf } from '../../src/harness/context/open-turn.js';
import type { Summary } from '../../src/harness/context/context.js';
import type { MessageParam } from '../../src/model/model.js';
import { anOutcome, anyLog, aVerdict } from './context-log.js';

const isSigned = (thinking: string, signature: string): boolean => sign(thinking) === signature;

function refusalOf(messages: MessageParam[]): unknown {
  return checkRequest({ model: 'm', max_tokens: 1, messages }, { isSigned });
}

/** A fold of the log that knows nothing of it up to the summary but what was queued then. */
function foldSince(log: ContextEntry[], summary: Summary): Context {
  const { through } = summary;
  const before = log.filter(({ seq }) => seq <= through);
  const processed = new Set(before.flatMap((entry) => (entry.kind === 'processed' ? [entry.id] : [])));
  const waiting = before.filter(
    (entry) => entry.kind === 'event' && entry.queued === true && !processed.has(entry.event.id),
  );
  const context = createContext(summary);
  for (const entry of [...waiting, ...log.filter(({ seq }) => seq > through)]) append(context, entry);
  return context;
}

function fold(log: ContextEntry[]): Context {
  const context = createContext();
  for (const entry of log) append(context, entry);
  return context;
}

function compact(context: Context, upTo: number, { window, tries }: { window: number; tries: number }): Summary {
  const tokens = estimateTokens(toMessages(context));
  const { through, words, system, outcome } = planCompaction({ context, upTo, window, tokens, tries });
  const summary = { through, content: [summaryBlock('what was')], words, system };
  return outcome === undefined ? summary : { ...summary, outcome };
}

const place = fc.record({
  at: fc.nat(40),
  window: fc.integer({ min: 50, max: 2_500 }),
  tries: fc.constantFrom(0, 0, 0, 1, 2, 3),
});

describe('whatever the log holds, compacted wherever', () => {
  it('the request is one that the Messages API takes, at every later moment, however often it is compacted', () => {
    fc.assert(
      fc.property(anyLog, fc.array(place, { minLength: 1, maxLength: 3 }), (log, places) => {
        let context = createContext();
        const throughs: number[] = [];
        for (const [index, entry] of log.entries()) {
          append(context, entry);
          const limits = places.find(({ at }) => at === index);
          if (limits) {
            const summary = compact(context, entry.seq, limits);
            throughs.push(summary.through);
            context = foldSince(log.slice(0, index + 1), summary);
          }
          expect(refusalOf(toMessages(context))).toBeUndefined();
        }
        expect(throughs).toEqual([...new Set(throughs)].toSorted((a, b) => a - b));
      }),
      { numRuns: 1500 },
    );
  });

  it('what is kept is told as before, and to the end of the log it stays that way', () => {
    let kepts = 0;
    fc.assert(
      fc.property(anyLog, place, (log, { at, ...limits }) => {
        const part = log.slice(0, 1 + (at % Math.max(1, log.length)));
        const summary = compact(fold(part), part.length, limits);
        const whole = wholeTurns(fold(log));
        const compacted = wholeTurns(foldSince(log, summary)).map(({ message }) => message);
        const start = whole.findIndex(({ cut }) => cut === summary.through);
        // Nothing was kept, and what followed had been said before any other reply.
        if (start === -1) return;
        // What was told later than it was defined is told sooner now.
        if (fold(log.slice(0, summary.through)).outcome?.isTold === false) return;
        kepts += 1;
        const kept = whole.slice(start).map(({ message }) => message);
        expect(textsOf(compacted[0])[0]).toContain('what was');
        expect(withoutFirst(compacted)).toEqual(kept[0]?.role === 'user' ? withoutFirst(kept) : kept);
        // What stands for words that are missing is not missed.
        const said = kept[0]?.role === 'user' ? contentOf(kept[0]).filter((block) => !isGoOn(block)) : [];
        const beside = summary.words.length + (summary.outcome === undefined ? 0 : 1);
        expect(contentOf(compacted[0]).slice(1 + beside)).toEqual(said);
      }),
      { numRuns: 1000 },
    );
    expect(kepts).toBeGreaterThan(100);
  });

  it('no call is parted from its result: none is answered as interrupted that was not before', () => {
    fc.assert(
      fc.property(anyLog, place, (log, { at, ...limits }) => {
        const part = log.slice(0, 1 + (at % Math.max(1, log.length)));
        const summary = compact(fold(part), part.length, limits);
        const before = new Set(results(fold(log)).map((result) => JSON.stringify(result)));
        for (const result of results(foldSince(log, summary))) expect(before).toContain(JSON.stringify(result));
      }),
      { numRuns: 500 },
    );
  });

  it('the summary is asked for in requests that the Messages API takes and that are short enough', () => {
    fc.assert(
      fc.property(anyLog, place, fc.integer({ min: 50, max: 400 }), (log, { at, ...limits }, most) => {
        const context = fold(log.slice(0, at + 1));
        const { part } = planCompaction({ context, upTo: at + 1, tokens: 0, ...limits });
        const bites = toBites(part, most);
        expect(bites.flat()).toHaveLength(part.length);
        for (const [index, bite] of bites.entries()) {
          expect(refusalOf(summaryMessages(bite, index === 0 ? null : 'so far'))).toBeUndefined();
          // What cannot be parted may stay longer when it has too many pieces.
          expect(bite.length > 3 && estimateTokens(bite) > most).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function results(context: Context) {
  return toMessages(context).flatMap((message) => contentOf(message).filter(({ type }) => type === 'tool_result'));
}

function isGoOn(block: object): boolean {
  return 'text' in block && block.text === 'Please go on.';
}

function contentOf(message: MessageParam | undefined): Exclude<NonNullable<MessageParam['content']>, string> {
  return Array.isArray(message?.content) ? message.content : [];
}

/** Without the first message and its instruction, in which the summary's own may stand. */
function withoutFirst(messages: MessageParam[]): MessageParam[] {
  return messages.slice(messages[1]?.role === 'system' ? 2 : 1);
}

let seq = 0;

function said(type: 'user.message' | 'system.message', text: string): ContextEntry {
  return { kind: 'event', seq: ++seq, event: { id: `m${seq}`, type, content: [{ type: 'text', text }] } };
}

function defined(): ContextEntry {
  return { kind: 'event', seq: ++seq, event: anOutcome(`o${seq}`) };
}

function asked(): ContextEntry {
  return { kind: 'event', seq: ++seq, event: { id: `s${seq}`, type: 'span.model_request_start', processed_at: '' } };
}

function given(result: string): ContextEntry {
  return { kind: 'event', seq: ++seq, event: aVerdict(`v${seq}`, result) };
}

/** A reply that calls a tool, and the call's result, about so many tokens long. */
function called(tokens: number): ContextEntry[] {
  const id = `toolu_${++seq}`;
  const content = [{ type: 'tool_use' as const, id, name: 'bash', input: {} }];
  const text = 'r'.repeat(tokens * 4);
  return [
    { kind: 'assistant', seq, reply: { content, stop_reason: 'tool_use' }, tool_use_ids: { [`e${id}`]: id } },
    {
      kind: 'event',
      seq: ++seq,
      event: {
        id: `r${seq}`,
        type: 'agent.tool_result',
        tool_use_id: `e${id}`,
        processed_at: '',
        content: [{ type: 'text', text }],
      },
    },
  ];
}

function rounds(count: number): ContextEntry[] {
  return Array.from({ length: count }, () => called(100)).flat();
}

describe('what is told beside the summary', () => {
  const limits = { window: 2_000, tries: 0 };
  beforeEach(() => {
    seq = 0;
  });

  it('is the user’s latest message, word for word, when it is older than what is kept; each time', () => {
    const log = [said('user.message', 'old'), ...rounds(1), said('user.message', 'Do this.'), ...rounds(15)];
    const first = compact(fold(log), seq, limits);
    expect(first.words).toEqual([{ type: 'text', text: 'Do this.' }]);
    const longer = [...log, ...rounds(15)];
    const second = compact(foldSince(longer, first), seq, limits);
    expect(second.words).toEqual(first.words);
    const messages = JSON.stringify(toMessages(foldSince(longer, second)));
    expect(messages.split('Do this.')).toHaveLength(2);
    expect(messages).not.toContain('old');
  });

  it('is not the user’s latest message when that is kept in its place', () => {
    const log = [said('user.message', 'old'), ...rounds(15), said('user.message', 'Do this.'), ...rounds(2)];
    const summary = compact(fold(log), seq, limits);
    expect(summary.words).toEqual([]);
    expect(JSON.stringify(toMessages(foldSince(log, summary))).split('Do this.')).toHaveLength(2);
  });

  it('is an open outcome, whole and once, each time, whatever was said since', () => {
    const log = [...rounds(1), defined(), asked(), ...rounds(15)];
    const first = compact(fold(log), seq, limits);
    expect(first.words).toEqual([]);
    const longer = [...log, given('needs_revision'), asked(), ...rounds(15), said('user.message', 'Do this.')];
    const last = [...longer, ...rounds(15)];
    const second = compact(foldSince(longer, first), seq, limits);
    for (const [told, summary] of [
      [log, first],
      [last, second],
    ] as const) {
      const messages = JSON.stringify(toMessages(foldSince(told, summary)));
      expect(messages.split('It rhymes.')).toHaveLength(2);
    }
    // Not after its last evaluation.
    const over = [...longer, given('satisfied'), ...rounds(15)];
    expect(compact(foldSince(over, first), seq, limits)).not.toHaveProperty('outcome');
  });

  it('is an outcome that came while the last reply that goes was made, and was told after it', () => {
    const reply: ContextEntry = {
      kind: 'assistant',
      seq: 3,
      reply: { content: [{ type: 'text', text: 'r'.repeat(4_000), citations: null }], stop_reason: 'end_turn' },
      tool_use_ids: {},
    };
    const log = [said('user.message', 'old'), defined(), reply];
    seq = reply.seq;
    log.push(asked());
    const summary = compact(fold(log), seq, limits);
    expect(summary.through).toBe(reply.seq);
    expect(JSON.stringify(toMessages(foldSince(log, summary))).split('It rhymes.')).toHaveLength(2);
  });

  it('is the middle of a message left out when that alone would fill much of the window', () => {
    const log = [said('user.message', `begin ${'x'.repeat(40_000)} end`), ...rounds(15)];
    const { words } = compact(fold(log), seq, limits);
    expect(JSON.stringify(words)).toMatch(/begin x+.*left out.*x+ end/);
    expect(estimateTokens([{ role: 'user', content: words }])).toBeLessThan(200);
  });

  it('are the latest instructions, as far as they are short', () => {
    const instructions = ['a'.repeat(300), 'be brief', 'be kind'].flatMap((text) => [
      said('user.message', 'go'),
      said('system.message', text),
      ...called(100),
    ]);
    const log = [...instructions, ...rounds(15)];
    const summary = compact(fold(log), seq, limits);
    expect(summary.system).toEqual(['be brief', 'be kind']);
    const [first, second] = toMessages(foldSince(log, summary));
    expect([first?.role, second?.role]).toEqual(['user', 'system']);
    expect(textsOf(second)).toEqual(['be brief', 'be kind']);
  });

  it('is less with every try: a quarter of the window, a tenth, nothing', () => {
    const log = [said('user.message', 'go'), ...rounds(20)];
    const keptTokens = (tries: number): number => {
      const { through } = compact(fold(log), seq, { window: 4_000, tries });
      const whole = wholeTurns(fold(log));
      const start = whole.findIndex(({ cut }) => cut === through);
      return estimateTokens((start === -1 ? [] : whole.slice(start)).map(({ message }) => message));
    };
    const [first = 0, second = 0, third = 0] = [0, 1, 2].map(keptTokens);
    expect(first).toBeGreaterThan(600);
    expect(first).toBeLessThanOrEqual(1_000);
    expect(second).toBeGreaterThan(100);
    expect(second).toBeLessThanOrEqual(400);
    expect(third).toBe(0);
  });
});
