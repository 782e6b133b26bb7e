import * as fc from 'fast-check';
import { sign } from '../../bench/upstream-reply.js';
import { checkRequest } from '../../bench/upstream-rules.js';
import {
  append,
  createContext,
  toMessages,
  type Context,
  type ContextEntry,
} from '../../src/harness/context/context.js';
import { INTERRUPTED_TOOL_RESULT } from '../../src/harness/context/results.js';
import type { ContentBlock, MessageParam } from '../../src/model/model.js';
import type { SessionEvent } from '../../src/session/journal.js';
import { anOutcome, anyLog, aVerdict } from './context-log.js';

const isSigned = (thinking: string, signature: string): boolean => sign(thinking) === signature;

function fold(entries: ContextEntry[]): Context {
  const context = createContext();
  for (const entry of entries) append(context, entry);
  return context;
}

function callIds(message: MessageParam): string[] {
  return blocksOf(message).flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
}

function resultIds(message: MessageParam | undefined): string[] {
  return blocksOf(message).flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));
}

function blocksOf(message: MessageParam | undefined): Exclude<NonNullable<MessageParam['content']>, string> {
  return Array.isArray(message?.content) ? message.content : [];
}

describe('whatever the log holds', () => {
  it('the request is one that the Messages API takes, at every moment', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const context = createContext();
        for (const entry of log) {
          append(context, entry);
          const request = { model: 'm', max_tokens: 1, messages: toMessages(context) };
          expect(checkRequest(request, { isSigned })).toBeUndefined();
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('every call is answered in the order of the calls', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const messages = toMessages(fold(log));
        const answered = messages.map((_, index) => resultIds(messages[index + 1]));
        expect(messages.map(callIds).filter((ids) => ids.length > 0)).toEqual(answered.filter((ids) => ids.length > 0));
      }),
    );
  });

  it('no call and no document of the user is lost, nor said twice', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const sent = JSON.stringify(toMessages(fold(log)));
        for (const call of callsIn(log)) expect(sent.split(`"id":"${call}"`).length).toBe(2);
        expect(sent.split('"plain"').length - 1).toBe(documentsIn(log));
      }),
    );
  });

  it('P9: what is closed stays as it is, and looking changes nothing', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const looked = createContext();
        let closed: MessageParam[] = [];
        for (const entry of log) {
          append(looked, entry);
          toMessages(looked);
          // Only the very last one and its instruction may still be added to, when what followed turns out to be empty.
          const firm = closed.slice(0, closed.at(-1)?.role === 'system' ? -2 : -1);
          expect(looked.closed.slice(0, firm.length).every((told, index) => told.message === firm[index])).toBe(true);
          closed = looked.closed.map(({ message }) => message);
        }
        expect(toMessages(looked)).toEqual(toMessages(fold(log)));
      }),
    );
  });
});

function callsIn(log: ContextEntry[]): string[] {
  return log.flatMap((entry) =>
    entry.kind === 'assistant' && entry.reply.stop_reason !== 'refusal'
      ? entry.reply.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
      : [],
  );
}

function documentsIn(log: ContextEntry[]): number {
  const processed = new Set(log.flatMap((entry) => (entry.kind === 'processed' ? [entry.id] : [])));
  return log.reduce((sum, entry) => {
    if (entry.kind !== 'event' || entry.event.type !== 'user.message') return sum;
    if (entry.queued && !processed.has(entry.event.id)) return sum;
    return (
      sum + entry.event.content.filter((block) => block.type === 'document' && block.source.type === 'text').length
    );
  }, 0);
}

let seq = 0;

function user(text: string, id = `m${seq}`, queued = false): ContextEntry {
  return { kind: 'event', seq: ++seq, queued, event: { id, type: 'user.message', content: [{ type: 'text', text }] } };
}

function event(body: SessionEvent): ContextEntry {
  return { kind: 'event', seq: ++seq, event: body };
}

function processed(id: string): ContextEntry {
  return { kind: 'processed', seq: ++seq, id };
}

function said(text: string): ContentBlock {
  return { type: 'text', text, citations: null };
}

function call(id: string): ContentBlock {
  return { type: 'tool_use', id, name: 'bash', input: {} };
}

function reply(content: ContentBlock[], stop_reason?: string): ContextEntry {
  const ids = content.flatMap((block) => (block.type === 'tool_use' ? [[`event_${block.id}`, block.id]] : []));
  const body = { content, ...(stop_reason === undefined ? {} : { stop_reason }) };
  return { kind: 'assistant', seq: ++seq, reply: body, tool_use_ids: Object.fromEntries(ids) };
}

function result(id: string, text: string): ContextEntry {
  const event: SessionEvent = {
    id: `r${seq}`,
    type: 'agent.tool_result',
    tool_use_id: `event_${id}`,
    processed_at: '',
    content: [{ type: 'text', text }],
  };
  return { kind: 'event', seq: ++seq, event };
}

function textMessage(text: string): MessageParam {
  return { role: 'user', content: [{ type: 'text', text }] };
}

describe('the conversation', () => {
  it('puts results in order and what was said meanwhile after them', () => {
    const log = [
      user('go'),
      reply([call('a'), call('b')], 'tool_use'),
      result('b', 'B'),
      user('and?'),
      result('a', 'A'),
    ];
    expect(toMessages(fold(log)).at(-1)).toEqual({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'A' }] },
        { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'B' }] },
        { type: 'text', text: 'and?' },
      ],
    });
  });

  it('answers a call that was interrupted, and a second or late result changes nothing', () => {
    const log = [
      user('go'),
      reply([call('a'), call('b')], 'tool_use'),
      result('a', 'A'),
      result('a', 'again'),
      user('stop'),
    ];
    const late = [...log, reply([said('ok')], 'end_turn'), result('b', 'late'), user('next')];
    const interrupted = {
      type: 'tool_result',
      tool_use_id: 'b',
      content: [{ type: 'text', text: INTERRUPTED_TOOL_RESULT }],
      is_error: true,
    };
    expect(blocksOf(toMessages(fold(log)).at(-1))[1]).toEqual(interrupted);
    expect(blocksOf(toMessages(fold(late))[2])[1]).toEqual(interrupted);
    expect(JSON.stringify(toMessages(fold(late)))).not.toMatch(/late|again/);
  });

  it('counts a queued message where it was processed, and not at all before', () => {
    const log: ContextEntry[] = [user('one'), user('two', 'q', true), reply([said('1')], 'end_turn')];
    expect(JSON.stringify(toMessages(fold(log)))).not.toContain('two');
    const after = fold([...log, processed('q')]);
    expect(toMessages(after).at(-1)).toEqual(textMessage('two'));
  });

  it('takes queued messages in the order in which they are processed, each once', () => {
    const log = [
      user('first', 'q1', true),
      user('second', 'q2', true),
      processed('q2'),
      processed('q1'),
      processed('q1'),
    ];
    const content = ['second', 'first'].map((text) => ({ type: 'text', text }));
    expect(toMessages(fold(log))).toEqual([{ role: 'user', content }]);
  });

  it('keeps the text of an interrupted reply, without its unfinished thoughts', () => {
    const unfinished: ContentBlock = { type: 'thinking', thinking: 'h', signature: '' };
    const messages = toMessages(fold([user('go'), reply([unfinished, said('half a')]), user('stop')]));
    expect(messages[1]).toEqual({ role: 'assistant', content: [said('half a')] });
  });

  it('drops what was refused: the next message joins the one before', () => {
    const messages = toMessages(fold([user('bad'), reply([said('no'), call('a')], 'refusal'), user('good')]));
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'bad' },
          { type: 'text', text: 'good' },
        ],
      },
    ]);
  });

  it('sends a paused reply back as it is, and joins what it goes on with', () => {
    const search: ContentBlock = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
    const found: ContentBlock = { type: 'web_search_tool_result', tool_use_id: 's', content: [] };
    const paused = [user('find'), reply([said('so'), search], 'pause_turn')];
    expect(toMessages(fold(paused)).at(-1)).toEqual({ role: 'assistant', content: [said('so'), search] });
    const messages = toMessages(fold([...paused, reply([found, said('here')], 'end_turn'), user('thanks')]));
    expect(messages[1]).toEqual({ role: 'assistant', content: [said('so'), search, found, said('here')] });
    expect(messages).toHaveLength(3);
    const stopped = toMessages(fold([...paused, user('never mind')]));
    expect(stopped[1]).toEqual({ role: 'assistant', content: [said('so')] });
  });

  it('tells an outcome with the next request, not to the reply that knows nothing of it, and what its evaluation asks for', () => {
    const request = event({ id: 's', type: 'span.model_request_start', processed_at: '' });
    const log = [user('go'), request, event(anOutcome('o')), reply([said('gone')])];
    expect(toMessages(fold(log)).at(-1)).toEqual({ role: 'user', content: [{ type: 'text', text: 'Please go on.' }] });
    const worked = [...log, request, reply([said('A poem')])];
    const outcome = toMessages(fold(worked))[2];
    expect(outcome?.role).toBe('user');
    expect(JSON.stringify(outcome)).toMatch(/A poem\..*It rhymes\./);
    const lastWith = (result: string): string =>
      JSON.stringify(toMessages(fold([...worked, event(aVerdict('v', result))])).at(-1));
    expect(lastWith('needs_revision')).toMatch(/needs revision.*why.*Revise it/);
    expect(lastWith('max_iterations_reached')).toMatch(/for the last time.*why/);
    for (const result of ['satisfied', 'failed', 'interrupted']) expect(lastWith(result)).toMatch(/Please go on/);
  });

  it('does not tell an outcome that was given up before a request', () => {
    const request = event({ id: 's', type: 'span.model_request_start', processed_at: '' });
    const log = [event(anOutcome('o')), event(aVerdict('v', 'interrupted')), user('hi'), request];
    expect(toMessages(fold(log))).toEqual([{ role: 'user', content: [{ type: 'text', text: 'hi' }] }]);
  });

  it('maps every block faithfully', () => {
    const content: Extract<SessionEvent, { type: 'user.message' }>['content'] = [
      { type: 'text', text: 'see' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'd' }, title: 'T', context: null },
      { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
    ];
    const event: SessionEvent = { id: 'm', type: 'user.message', content };
    expect(toMessages(fold([{ kind: 'event', seq: 1, event }]))[0]?.content).toEqual([
      content[0],
      content[1],
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'd' }, title: 'T' },
      content[3],
    ]);
  });

  it('says an error that holds an image in a way that the Messages API takes', () => {
    const image = { type: 'image' as const, source: { type: 'url' as const, url: 'https://example.com/a.png' } };
    const failed = {
      ...result('a', 'x'),
      event: {
        id: 'r',
        type: 'agent.tool_result' as const,
        tool_use_id: 'event_a',
        processed_at: '',
        content: [image],
        is_error: true,
      },
    };
    const messages = toMessages(fold([user('go'), reply([call('a')], 'tool_use'), { ...failed, kind: 'event' }]));
    expect(blocksOf(messages[2])).toEqual([
      { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'The tool call failed.' }, image] },
    ]);
  });
});
