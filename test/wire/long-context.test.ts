import type { UpstreamRequest } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import type { SessionEvent } from '../../src/session/session.js';
import { waitUntil } from '../chaos/chaos-session.js';
import { report } from '../chaos/report.js';
import { startWire, type Scripted, type Wire } from './server.js';
import { openTalk, type Talk } from './session.js';

/** In tokens. The upstream counts four characters of request for one, and refuses what is longer. */
const WINDOW = 30_000;
/** All 2,000 take minutes; `test/session/long-session.test.ts` plays them without Temporal. */
const TURNS = Number(process.env['DROVER_TEST_TURNS'] ?? 300);

let wire: Wire;
beforeAll(async () => {
  wire = await startWire({}, { window: WINDOW });
}, 300_000);
afterAll(() => wire.stop());

function isSummary({ body }: UpstreamRequest): boolean {
  return JSON.stringify(body.messages.at(-1)).includes('about to be replaced by a summary');
}

/** Knows only what stands in the request, the secret that was told once. */
function recall(request: UpstreamRequest): UpstreamReply {
  const secret = /the secret is (\w+)/.exec(JSON.stringify(request.body.messages))?.[1] ?? 'lost';
  const text = isSummary(request)
    ? `Remember: the secret is ${secret}.`
    : `${/turn \d+/.exec(request.text)?.[0]}: ${secret}`;
  return { blocks: [{ type: 'text', text }] };
}

/** A reply whose request the upstream counts as more than four fifths of the window. */
const CROWDED: UpstreamReply = { usage: { input_tokens: 25_000 } };

function count(list: SessionEvent[], type: SessionEvent['type']): number {
  return list.filter((event) => event.type === type).length;
}

function failedRequests(list: SessionEvent[]): number {
  return list.filter((event) => event.type === 'span.model_request_end' && event.is_error === true).length;
}

function saidIn(events: SessionEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'agent.message'
      ? [event.content.map((block) => (block.type === 'text' ? block.text : '')).join('')]
      : [],
  );
}

const FILLER = 'All of this has to be read again with every request that follows. '.repeat(40);

async function talkOn(talk: Talk, turns: number): Promise<string[]> {
  const said: string[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    talk.script(recall, recall);
    said.push(...saidIn(await talk.turn(`turn ${turn} ${turn === 1 ? 'the secret is xyzzy ' : ''}${FILLER}`)));
    // The upstream keeps every request whole.
    wire.upstream.requests.length = 0;
  }
  return said;
}

test(`P9: ${TURNS} turns with a window of ${WINDOW} tokens: each is answered, and the last knows what the first was told`, async () => {
  const talk = await openTalk(wire);
  const begun = performance.now();
  const said = await talkOn(talk, TURNS);
  report(`${TURNS} turns with compaction`, performance.now() - begun);
  expect(said).toEqual(Array.from({ length: TURNS }, (_, index) => `turn ${index + 1}: xyzzy`));
  const list = await talk.list();
  expect(failedRequests(list)).toBe(0);
  expect(count(list, 'session.error')).toBe(0);
  // A turn is some 700 tokens, and a compaction frees half of the window or more.
  const compactions = count(list, 'agent.thread_context_compacted');
  expect(compactions).toBeGreaterThan((TURNS - 40) / 40);
  expect(compactions).toBeLessThan(1 + TURNS / 15);
}, 900_000);

test('a turn of many calls is compacted on the way: the task stays word for word, and every call has its result', async () => {
  const CALLS = 40;
  let calls = 0;
  const work = (request: UpstreamRequest): UpstreamReply => {
    if (isSummary(request)) return { blocks: [{ type: 'text', text: `${calls} calls so far` }] };
    if (calls === CALLS) return { blocks: [{ type: 'text', text: 'done' }] };
    calls += 1;
    const command = `head -c 4000 /dev/zero | tr '\\0' x; echo ${calls}`;
    return { blocks: [{ type: 'tool_use', name: 'bash', input: { command } }] };
  };
  const talk = await openTalk(wire, { tools: true, replies: Array.from({ length: 2 * CALLS }, () => work) });
  const events = await talk.turn('Count to forty, and mind the words: albatross.');
  expect(count(events, 'agent.tool_result')).toBe(CALLS);
  expect(count(events, 'agent.thread_context_compacted')).toBeGreaterThan(0);
  expect(failedRequests(events)).toBe(0);
  expect(saidIn(events)).toEqual(['done']);
  const last = JSON.stringify(wire.requestsOf(talk.model).at(-1)?.body.messages);
  expect(last).toContain('mind the words: albatross.');
  expect(last).toMatch(/\d+ calls so far/);
});

test('results that are too long for the window at once are summed up, in several parts', async () => {
  const command = 'head -c 90000 /dev/zero | tr "\\0" y';
  const call = { type: 'tool_use', name: 'bash', input: { command } } as const;
  const sumUp: Scripted = { blocks: [{ type: 'text', text: 'much of y' }] };
  const talk = await openTalk(wire, { tools: true, replies: [{ blocks: [call, call] }, sumUp] });
  const events = await talk.turn('Look at both.');
  expect(failedRequests(events)).toBe(1);
  expect(count(events, 'session.error')).toBe(0);
  expect(count(events, 'agent.thread_context_compacted')).toBe(1);
  expect(saidIn(events)).toEqual(['hello']);
  const last = JSON.stringify(wire.requestsOf(talk.model).at(-1)?.body.messages);
  expect(last).toContain('much of y');
  expect(last).toContain('Look at both.');
});

test('a summary makes no call, has its span and its usage, and is no message', async () => {
  const sumUp: Scripted = { blocks: [{ type: 'text', text: 'all that was' }], usage: { input_tokens: 77 } };
  const talk = await openTalk(wire, { tools: true, replies: [{}, CROWDED, sumUp] });
  await talk.turn('one');
  await talk.turn('two');
  const events = await talk.turn('three');
  expect(events.map(({ type }) => type).filter((type) => /^(agent|span)\./.test(type))).toEqual([
    'span.model_request_start',
    'agent.thread_context_compacted',
    'span.model_request_end',
    'span.model_request_start',
    'agent.message',
    'span.model_request_end',
  ]);
  expect(events.find(({ type }) => type === 'span.model_request_end')).toMatchObject({
    is_error: false,
    model_usage: { input_tokens: 77 },
  });
  expect(saidIn(events)).toEqual(['hello']);
  const [, , summary, after] = wire.requestsOf(talk.model).map(({ body }) => body);
  expect(summary).toMatchObject({ tool_choice: { type: 'none' }, tools: expect.any(Array) });
  expect(JSON.stringify(after?.messages)).toContain('all that was');
  expect(after?.tools).toEqual(summary?.tools);
});

test('an interrupt in a compaction ends the turn at once; the next one compacts', async () => {
  const slow: Scripted = { firstTokenMs: 30_000 };
  const talk = await openTalk(wire, { replies: [{}, CROWDED, slow, { blocks: [{ type: 'text', text: 'brief' }] }] });
  await talk.turn('one');
  await talk.turn('two');
  const from = talk.stream.events.length;
  await talk.send('three');
  await waitUntil(() => wire.requestsOf(talk.model).length === 3, 'the summary is asked for');
  await talk.interrupt();
  const stopped = await talk.stream.untilIdle(from);
  expect(count(stopped, 'agent.thread_context_compacted')).toBe(0);
  expect(stopped.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
  const events = await talk.turn('four');
  expect(count(events, 'agent.thread_context_compacted')).toBe(1);
  expect(saidIn(events)).toEqual(['hello']);
  const last = JSON.stringify(wire.requestsOf(talk.model).at(-1)?.body.messages);
  expect(last).toMatch(/brief.*three.*four/);
});

test('a compaction that fails is tried again, as any request is', async () => {
  const busy: Scripted = { error: { status: 529, type: 'overloaded_error' } };
  const talk = await openTalk(wire, { replies: [{}, CROWDED, busy, { blocks: [{ type: 'text', text: 'brief' }] }] });
  await talk.turn('one');
  await talk.turn('two');
  const events = await talk.turn('three');
  expect(events.find(({ type }) => type === 'session.error')).toMatchObject({
    error: { type: 'model_overloaded_error', retry_status: { type: 'retrying' } },
  });
  expect(count(events, 'session.status_rescheduled')).toBe(1);
  expect(count(events, 'agent.thread_context_compacted')).toBe(1);
  expect(saidIn(events)).toEqual(['hello']);
});

test('three compactions in a row that do not help end the turn; the next message starts anew', async () => {
  const talk = await openTalk(wire);
  await talk.turn('one');
  wire.upstream.contextWindow = 10;
  const events = await talk.turn('two');
  wire.upstream.contextWindow = WINDOW;
  expect(events.filter(({ type }) => type === 'session.error')).toMatchObject([
    { error: { type: 'compaction_limit_reached_error', retry_status: { type: 'exhausted' } } },
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'session.status_idle', stop_reason: { type: 'retries_exhausted' } });
  expect(saidIn(await talk.turn('three'))).toEqual(['hello']);
});
