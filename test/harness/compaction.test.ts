import * as fc from 'fast-check';
import { sign } from '../../bench/upstream-reply.js';
import { checkRequest } from '../../bench/upstream-rules.js';
import { planCompaction } from '../../src/harness/compaction.js';
import { summaryBlock, summaryMessages, toBites } from '../../src/harness/compaction-request.js';
import { estimateTokens } from '../../src/harness/compaction-size.js';
import {
  append,
  createContext,
  toMessages,
  wholeTurns,
  type Context,
  type ContextEntry,
} from '../../src/harness/context.js';
import { textsOf } from '../../src/harness/context-turn.js';
import type { Summary } from '../../src/harness/context.js';
import type { MessageParam } from '../../src/model/model.js';
import { anyLog } from './context-log.js';

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
  const { through, words, system } = planCompaction({ context, upTo, window, tokens, tries });
  return { through, content: [summaryBlock('what was')], words, system };
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
        kepts += 1;
        const kept = whole.slice(start).map(({ message }) => message);
        expect(textsOf(compacted[0])[0]).toContain('what was');
        expect(withoutFirst(compacted)).toEqual(kept[0]?.role === 'user' ? withoutFirst(kept) : kept);
        // What stands for words that are missing is not missed.
        const said = kept[0]?.role === 'user' ? contentOf(kept[0]).filter((block) => !isGoOn(block)) : [];
        expect(contentOf(compacted[0]).slice(1 + summary.words.length)).toEqual(said);
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
