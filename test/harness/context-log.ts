import * as fc from 'fast-check';
import { sign } from '../../bench/upstream-reply.js';
import type { ContextEntry } from '../../src/harness/context/context.js';
import type { ContentBlock } from '../../src/model/model.js';
import type { SessionEvent } from '../../src/session/journal.js';

type UserContent = Extract<SessionEvent, { type: 'user.message' }>['content'];
type Numbered = ContextEntry extends infer Entry ? (Entry extends ContextEntry ? Omit<Entry, 'seq'> : never) : never;

type LogBlock = 'text' | 'thinking' | 'redacted_thinking' | 'tool_use' | 'server_tool_use' | 'web_search_tool_result';

/** What may come next in a log; which calls and messages it refers to is chosen when it is written. */
type Step =
  | { type: 'message'; content: UserContent; queued: boolean }
  | { type: 'instruction'; text: string; queued: boolean }
  | { type: 'outcome' }
  | { type: 'request' }
  | { type: 'verdict'; result: string }
  | { type: 'process'; which: number }
  | {
      type: 'reply';
      blocks: LogBlock[];
      text: string;
      signed: boolean;
      stop: string | undefined;
      known: boolean;
    }
  | { type: 'result'; which: number; image: boolean; isError: boolean; text: string };

const text = fc.constantFrom('', ' \n', 'words', 'more words ', 'ünïcode 🙂');

const userBlock: fc.Arbitrary<UserContent[number]> = fc.oneof(
  { weight: 4, arbitrary: text.map((value) => ({ type: 'text' as const, text: value })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<UserContent[number]>(
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' }, title: 'T', context: 'C' },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'aGk=' } },
      { type: 'redacted' },
    ),
  },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('message' as const),
    content: fc.array(userBlock, { maxLength: 3 }),
    queued: fc.boolean(),
  }),
  fc.record({ type: fc.constant('instruction' as const), text, queued: fc.boolean() }),
  fc.constantFrom<Step>(
    { type: 'outcome' },
    { type: 'request' },
    ...['needs_revision', 'max_iterations_reached', 'satisfied', 'interrupted'].map((result) => ({
      type: 'verdict' as const,
      result,
    })),
  ),
  fc.record({ type: fc.constant('process' as const), which: fc.nat(5) }),
  fc.record({
    type: fc.constant('reply' as const),
    blocks: fc.array(
      fc.constantFrom<LogBlock>(
        'text',
        'thinking',
        'redacted_thinking',
        'tool_use',
        'tool_use',
        'server_tool_use',
        'web_search_tool_result',
      ),
      { maxLength: 6 },
    ),
    text,
    signed: fc.boolean(),
    stop: fc.constantFrom(undefined, 'end_turn', 'tool_use', 'max_tokens', 'pause_turn', 'pause_turn', 'refusal'),
    known: fc.boolean(),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('result' as const),
      which: fc.nat(8),
      image: fc.boolean(),
      isError: fc.boolean(),
      text,
    }),
  },
);

/** Any log: replies of every shape, results late, twice, in any order or never, messages at any moment. */
export const anyLog: fc.Arbitrary<ContextEntry[]> = fc.array(step, { maxLength: 40 }).map(write);

function write(steps: Step[]): ContextEntry[] {
  const queued: string[] = [];
  const calls: string[] = [];
  const entries = steps.flatMap((next, index) => toEntry(next, index, queued, calls));
  return entries.map((entry, index) => ({ ...entry, seq: index + 1 }));
}

function toEntry(next: Step, index: number, queued: string[], calls: string[]): Numbered[] {
  switch (next.type) {
    case 'message': {
      if (next.queued) queued.push(`m${index}`);
      const event = { id: `m${index}`, type: 'user.message' as const, content: next.content };
      return [{ kind: 'event', event, queued: next.queued }];
    }
    case 'instruction': {
      if (next.queued) queued.push(`m${index}`);
      const content = [{ type: 'text' as const, text: next.text }];
      return [{ kind: 'event', event: { id: `m${index}`, type: 'system.message', content }, queued: next.queued }];
    }
    case 'outcome':
      return [{ kind: 'event', event: anOutcome(`o${index}`) }];
    case 'request':
      return [{ kind: 'event', event: { id: `s${index}`, type: 'span.model_request_start', processed_at: '' } }];
    case 'verdict':
      return [{ kind: 'event', event: aVerdict(`v${index}`, next.result) }];
    case 'process': {
      const [id] = queued.splice(next.which % Math.max(1, queued.length), 1);
      return id === undefined ? [] : [{ kind: 'processed', id }];
    }
    case 'reply':
      return [toReply(next, index, calls)];
    case 'result': {
      const id = calls[calls.length - 1 - (next.which % Math.max(1, calls.length))] ?? 'unknown';
      const content = [
        { type: 'text' as const, text: next.text },
        ...(next.image
          ? [{ type: 'image' as const, source: { type: 'url' as const, url: 'https://example.com/b.png' } }]
          : []),
      ];
      const event = { id: `r${index}`, type: 'agent.tool_result' as const, tool_use_id: id, processed_at: '', content };
      return [{ kind: 'event', event: { ...event, is_error: next.isError } }];
    }
    default:
      throw new Error(`no such step: ${JSON.stringify(next satisfies never)}`);
  }
}

export function anOutcome(id: string): SessionEvent {
  const rubric = { type: 'text', content: 'It rhymes.' } as const;
  const what = { outcome_id: 'outc_1', description: 'A poem.', rubric, max_iterations: null };
  return { id, type: 'user.define_outcome', ...what, processed_at: '' };
}

export function aVerdict(id: string, result: string): SessionEvent {
  const usage = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const what = { outcome_id: 'outc_1', outcome_evaluation_start_id: '', iteration: 0, explanation: 'why', usage };
  return { id, type: 'span.outcome_evaluation_end', ...what, result, processed_at: '' };
}

function toReply(next: Extract<Step, { type: 'reply' }>, index: number, calls: string[]): Numbered {
  const content = next.blocks.map((type, place) => toBlock(type, `${index}_${place}`, next));
  const ids = content.flatMap((block) => (block.type === 'tool_use' && next.known ? [[`e${block.id}`, block.id]] : []));
  calls.push(...ids.map(([event]) => String(event)));
  const reply = { content, ...(next.stop === undefined ? {} : { stop_reason: next.stop }) };
  return { kind: 'assistant', reply, tool_use_ids: Object.fromEntries(ids) };
}

function toBlock(type: LogBlock, id: string, next: Extract<Step, { type: 'reply' }>): ContentBlock {
  switch (type) {
    case 'thinking':
      return { type, thinking: `thought ${id}`, signature: next.signed ? sign(`thought ${id}`) : '' };
    case 'redacted_thinking':
      return { type, data: id };
    case 'tool_use':
      return { type, id: `toolu_${id}`, name: 'bash', input: { command: id } };
    case 'server_tool_use':
      return { type, id: `srvtoolu_${id}`, name: 'web_search', input: {} };
    case 'web_search_tool_result': {
      // The result of a call right before it; on its own it answers a call that an earlier part of the reply made.
      const [step = '', place = ''] = id.split('_');
      return { type, tool_use_id: `srvtoolu_${step}_${Number(place) - 1}`, content: [] };
    }
    case 'text':
      return { type, text: next.text, citations: null };
    default:
      throw new Error(`no such block: ${String(type satisfies never)}`);
  }
}
