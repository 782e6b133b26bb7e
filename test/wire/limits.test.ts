import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { deadline, patience } from '../support/patience.js';
import { sandboxFiles } from '../support/sandbox-files.js';
import { startWire, type Wire } from './server.js';
import { only, talkTo, type Talk } from './session.js';
import { bash } from './suite-tools.js';

const SLOTS = 2;
const MANY = 20;
const MOST_ROUNDS = 3;

let wire: Wire;
let environment_id: string;
beforeAll(async () => {
  wire = await startWire({
    DROVER_MAX_RUNNING: String(SLOTS),
    DROVER_RATE_LIMIT_CREATE: '1000',
    DROVER_RATE_LIMIT_READ: '2000',
    DROVER_ROUNDS_PER_TURN: String(MOST_ROUNDS),
  });
  environment_id = (await wire.client.beta.environments.create({ name: 'fair' })).id;
}, 300_000);
afterAll(() => wire.stop());

/** Sessions of one agent: to the server, one client. */
async function openTalks(model: string, count: number, tools = false): Promise<Talk[]> {
  const toolset = { type: 'agent_toolset_20260401' } as const;
  const agent = await wire.client.beta.agents.create({ name: model, model, tools: tools ? [toolset] : [] });
  const open = async () => {
    const { id } = await wire.client.beta.sessions.create({ agent: agent.id, environment_id });
    return talkTo(wire, id, model);
  };
  return Promise.all(Array.from({ length: count }, open));
}

/** Model calls that end when they are told to, in the order they came. */
function heldCalls(model: string, count: number): { release(calls?: number): void } {
  const held: (() => void)[] = [];
  const call = () => new Promise<UpstreamReply>((resolve) => held.push(() => resolve({})));
  wire.script(model, ...Array.from({ length: count }, () => call));
  return { release: (calls = held.length) => held.splice(0, calls).forEach((end) => end()) };
}

const requests = (model: string): number => wire.requestsOf(model).length;

async function until(what: () => boolean): Promise<void> {
  const isOver = deadline(15_000);
  while (!what() && !isOver()) await pause(10);
  expect(what()).toBe(true);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('twenty sessions of one client in long model calls leave the next free slot to another client', async () => {
  const calls = heldCalls('many', MANY + SLOTS);
  const many = await openTalks('many', MANY);
  const [other] = await openTalks('other', 1);
  if (!other) throw new Error('no session');
  await Promise.all(many.map((talk, index) => talk.send(`go ${index}`)));
  await until(() => requests('many') === SLOTS);
  await other.send('and me?');
  await pause(500);
  expect([requests('many'), requests('other')]).toEqual([SLOTS, 0]);
  expect((await wire.client.beta.sessions.retrieve(other.id)).status).toBe('running');

  calls.release(1);
  const turn = await other.stream.untilIdle(0);
  expect(only(turn, 'agent.message')).toHaveLength(1);
  // Its slot went to the many again, and no more than that.
  await until(() => requests('many') === SLOTS + 1);

  await interruptWaiting(many);

  while (requests('many') < MANY - 1) {
    const before = requests('many');
    calls.release();
    await until(() => requests('many') > before);
  }
  calls.release();
  await Promise.all(many.map((talk) => talk.stream.untilIdle(0)));

  // As many as ever, now that all have ended one way or another.
  const again = many.slice(0, SLOTS + 1);
  const seen = again.map(({ stream }) => stream.events.length);
  await Promise.all(again.map((talk) => talk.send('again')));
  await until(() => requests('many') === MANY - 1 + SLOTS);
  calls.release();
  await until(() => requests('many') === MANY + SLOTS);
  calls.release();
  await Promise.all(again.map(({ stream }, index) => stream.untilIdle(seen[index] ?? 0)));
});

/** P8: one that has no slot yet is idle before its workflow would give the call up, and its model was never asked. */
async function interruptWaiting(many: Talk[]): Promise<void> {
  const asked = new Set(wire.requestsOf('many').map(({ text }) => text));
  const waiting = many.find((_, index) => !asked.has(`go ${index}`));
  if (!waiting) throw new Error('none waits');
  const from = Date.now();
  await waiting.interrupt();
  const events = await waiting.stream.untilIdle(0);
  expect(Date.now() - from).toBeLessThan(patience(900));
  expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
  expect(requests('many')).toBe(asked.size);
}

test('a restart gives up the waiting calls too, quickly, and they are all made after it', async () => {
  heldCalls('restarted', SLOTS);
  const talks = await openTalks('restarted', 3 * SLOTS);
  await Promise.all(talks.map((talk) => talk.send('go')));
  await until(() => requests('restarted') === SLOTS);
  const from = Date.now();
  await wire.restart(() => expect(Date.now() - from).toBeLessThan(patience(5_000)));
  const again = await Promise.all(talks.map(({ id, model }) => talkTo(wire, id, model)));
  await until(() => requests('restarted') === SLOTS + talks.length);
  for (const talk of again) {
    const isDone = async () => (await wire.client.beta.sessions.retrieve(talk.id)).status === 'idle';
    while (!(await isDone())) await pause(20);
    expect(only(await talk.list(), 'agent.message')).toHaveLength(1);
  }
});

test('the limits of requests are those that are set', async () => {
  const { response } = await wire.client.beta.environments.create({ name: 'limited' }).withResponse();
  expect(response.headers.get('anthropic-ratelimit-requests-limit')).toBe('1000');
  const read = await wire.client.beta.environments.list().withResponse();
  expect(read.response.headers.get('anthropic-ratelimit-requests-limit')).toBe('2000');
});

test('P8: commands that hold every slot are interrupted at once', async () => {
  wire.script('busy', ...Array.from({ length: SLOTS }, () => ({ blocks: [bash('echo on; sleep 60')] })));
  const busy = await openTalks('busy', SLOTS, true);
  await Promise.all(busy.map((talk) => talk.send('go')));
  await until(() => busy.every(({ id }) => sandboxFiles(wire.dataDir, id).printed() === 'on\n'));
  const from = Date.now();
  await Promise.all(busy.map((talk) => talk.interrupt()));
  await Promise.all(busy.map(({ stream }) => stream.untilIdle(0)));
  expect(Date.now() - from).toBeLessThan(patience(2_000));
  expect(only((await busy[0]?.turn('and now?')) ?? [], 'agent.message')).toHaveLength(1);
});

test('a turn that would go on for ever ends at the limit of its model requests; the next message starts anew', async () => {
  wire.script('endless', ...Array.from({ length: MOST_ROUNDS }, () => ({ blocks: [bash('true')] })));
  const [talk] = await openTalks('endless', 1, true);
  const events = (await talk?.turn('go on')) ?? [];
  expect(only(events, 'session.error')).toMatchObject([
    { error: { type: 'tool_use_limit_reached_error', retry_status: { type: 'exhausted' } } },
  ]);
  expect(only(events, 'agent.tool_result')).toHaveLength(MOST_ROUNDS);
  expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
  expect(requests('endless')).toBe(MOST_ROUNDS);
  expect((await talk?.turn('again'))?.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
});
