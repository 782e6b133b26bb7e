import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { UpstreamBlock } from '../../bench/upstream-reply.js';
import { listRuns } from '../../src/temporal/history.js';
import { startWire, type Wire } from '../wire/server.js';
import { allow, answer, asking, call, customTool, deny, instruct } from '../wire/answers.js';
import { newPricedModel, only, openTalk, type Talk } from '../wire/session.js';
import { heldReply } from '../wire/held-reply.js';
import { define, REVISE, SATISFIED, says } from '../wire/outcome-script.js';
import { decodeRuns, isRecorded, writeGolden } from './golden.js';
import { BESIDE, BESIDE_ENV } from './record-beside.js';

/** Plays one of each kind on a real server and keeps their histories as the golden ones of this release, beside those it has. */
export async function recordGolden(release: string): Promise<void> {
  await record(
    release,
    { ...SESSIONS, ...STOPS, ...OUTCOMES },
    await startWire({ DROVER_CONTINUE_AS_NEW_EVENTS: '40' }),
  );
  await record(release, LONG, await startWire({}, { window: WINDOW }));
  await record(release, BESIDE, await startWire(BESIDE_ENV));
}

type Act = (wire: Wire) => Promise<Pick<Talk, 'id'>>;

async function record(release: string, acts: Record<string, Act>, wire: Wire): Promise<void> {
  try {
    for (const [name, act] of Object.entries(acts)) {
      if (isRecorded({ release, name })) continue;
      const { id } = await act(wire);
      const runs = await historiesOf(wire, id);
      writeGolden({ release, name, runs, ...(acts !== BESIDE && { log: decodeRuns(runs) }) });
    }
  } finally {
    await wire.stop();
  }
}

const bash = (command: string): UpstreamBlock => ({ type: 'tool_use', name: 'bash', input: { command } });
const SLOW = { firstTokenMs: 20_000 };

const SESSIONS: Record<string, Act> = {
  async text(wire) {
    const talk = await openTalk(wire);
    await talk.turn('hello');
    return talk;
  },
  async 'initial-events'(wire) {
    const content = [{ type: 'text' as const, text: 'begin' }];
    const replies = [{ firstTokenMs: 500 }];
    const talk = await openTalk(wire, { replies, initial_events: [{ type: 'user.message', content }] });
    await talk.stream.until(({ type }) => type === 'session.status_idle');
    return talk;
  },
  async tools(wire) {
    const read: UpstreamBlock = { type: 'tool_use', name: 'read', input: { file_path: 'a' } };
    const unknown: UpstreamBlock = { type: 'tool_use', name: 'unknown', input: {} };
    const replies = [{ blocks: [bash('echo hi > a'), bash('echo done')] }, { blocks: [read, read, unknown] }];
    const talk = await openTalk(wire, { tools: true, replies });
    await talk.turn('use them');
    return talk;
  },
  async queued(wire) {
    const talk = await openTalk(wire, { replies: [{ firstTokenMs: 500 }] });
    await talk.send('one');
    await talk.stream.until(({ type }) => type === 'span.model_request_start');
    await talk.send('two');
    await talk.send('three');
    await talk.stream.untilIdle(0);
    return talk;
  },
  async 'interrupted-model'(wire) {
    const talk = await openTalk(wire, { replies: [SLOW] });
    await talk.send('go');
    await talk.stream.until(({ type }) => type === 'span.model_request_start');
    await talk.interrupt();
    await talk.stream.untilIdle(0);
    await talk.turn('again');
    return talk;
  },
  async 'interrupted-command'(wire) {
    const talk = await openTalk(wire, { tools: true, replies: [{ blocks: [bash('sleep 60'), bash('echo never')] }] });
    await talk.send('go');
    await talk.stream.until(({ type }) => type === 'agent.tool_use');
    await talk.interrupt();
    await talk.stream.untilIdle(0);
    return talk;
  },
  async retry(wire) {
    const talk = await openTalk(wire, { replies: [{ error: { status: 529 } }] });
    await talk.turn('go');
    return talk;
  },
  async signals(wire) {
    const talk = await openTalk(wire);
    await wire.temporal.workflow.getHandle(talk.id).signal('events', { type: 'nonsense' });
    await wire.temporal.workflow.getHandle(talk.id).signal('events', 'hello');
    await talk.stream.untilIdle(0);
    return talk;
  },
  async updates(wire) {
    const talk = await openTalk(wire, { metadata: { a: '1' } });
    await wire.client.beta.sessions.update(talk.id, { title: 'new', metadata: { a: null } });
    await talk.turn('hello');
    await wire.client.beta.sessions.archive(talk.id);
    await wire.temporal.workflow.getHandle(talk.id).result();
    return talk;
  },
  async cancelled(wire) {
    const talk = await openTalk(wire, { replies: [SLOW] });
    await talk.send('go');
    await talk.stream.until(({ type }) => type === 'span.model_request_start');
    await wire.temporal.workflow.getHandle(talk.id).cancel();
    await talk.stream.ended;
    await wire.temporal.workflow.getHandle(talk.id).result();
    return talk;
  },
  async 'continued-as-new'(wire) {
    const call = { blocks: [bash('true')] };
    const talk = await openTalk(wire, { tools: true, replies: [call, call, {}, call, call] });
    await talk.turn('one');
    await talk.turn('two');
    await talk.turn('three');
    return talk;
  },
};

/** Sessions that stop for somebody. */
const STOPS: Record<string, Act> = {
  async 'custom-tools'(wire) {
    const replies = [{ blocks: [call('weather', { city: 'Bern' }), call('people', { city: 'Bern' })] }];
    const talk = await openTalk(wire, { tools: [customTool('weather'), customTool('people')], replies });
    const [weather, people] = only(await talk.turn('Bern?'), 'agent.custom_tool_use').map(({ id }) => id);
    await talk.postUntilIdle(answer(people ?? '', '134,000'));
    await talk.postUntilIdle(answer(weather ?? '', 'sunny'), instruct('Be brief.'));
    return talk;
  },
  async confirmations(wire) {
    const blocks = [bash('echo one'), bash('echo two'), call('read', { file_path: 'a' })];
    const talk = await openTalk(wire, { tools: [asking('bash')], replies: [{ blocks }] });
    const [one, two] = only(await talk.turn('go'), 'agent.tool_use').map(({ id }) => id);
    await talk.postUntilIdle(deny(two ?? '', 'Not that.'));
    await wire.temporal.workflow.getHandle(talk.id).signal('events', allow(one ?? ''));
    await talk.stream.until((event) => event.type === 'session.status_idle' && event.stop_reason.type === 'end_turn');
    return talk;
  },
  async 'interrupted-question'(wire) {
    const talk = await openTalk(wire, { tools: [asking('bash')], replies: [{ blocks: [bash('true')] }] });
    await talk.turn('go');
    await talk.postUntilIdle({ type: 'user.interrupt' });
    return talk;
  },
  async budget(wire) {
    const max_list_cost = { amount: '5', currency: 'USD' as const };
    const usage = { input_tokens: 0, output_tokens: 20_000 };
    const talk = await openTalk(wire, {
      model: newPricedModel(),
      tools: true,
      budget: { type: 'limit', max_list_cost },
      replies: [{ usage, blocks: [bash('true')] }],
    });
    const stopped = await talk.turn('go');
    await wire.client.beta.sessions.update(talk.id, { budget: null });
    await talk.stream.untilIdle(stopped.length);
    return talk;
  },
};

/** Sessions that work toward something. */
const OUTCOMES: Record<string, Act> = {
  async outcome(wire) {
    const grading = heldReply(REVISE);
    const talk = await openTalk(wire, { replies: [says('Sun.'), grading.reply, says('Rain.'), SATISFIED] });
    await talk.post(define());
    await grading.asked;
    await talk.send('Make it wet.');
    grading.release();
    await talk.stream.untilIdle(0);
    return talk;
  },
  async 'outcome-interrupted'(wire) {
    const grading = heldReply(SATISFIED);
    const talk = await openTalk(wire, { replies: [says('Sun.'), { error: { status: 529 } }, grading.reply] });
    await talk.post(define());
    await grading.asked;
    await talk.interrupt();
    await talk.stream.untilIdle(0);
    return talk;
  },
};

const WINDOW = 10_000;
/** A fifth of it: a token is four characters. */
const LONG_MESSAGE = 'to be read again with every request '.repeat(225);

/** Sessions that outgrow their model's window. */
const LONG: Record<string, Act> = {
  async compacted(wire) {
    const talk = await openTalk(wire);
    for (let turn = 1; turn <= 5; turn += 1) await talk.turn(`${turn} ${LONG_MESSAGE}`);
    if (only(await talk.list(), 'agent.thread_context_compacted').length === 0)
      throw new Error('nothing was compacted');
    return talk;
  },
};

async function historiesOf(wire: Wire, id: string): Promise<unknown[]> {
  const runs = await listRuns(wire.temporal, id);
  return Promise.all(
    runs.map(async (runId) => {
      const json = historyToJSON(await wire.temporal.workflow.getHandle(id, runId).fetchHistory());
      // Who worked on it, as `pid@machine` and as a queue of its own, is none of the history's business.
      return JSON.parse(json.replaceAll(/"\d+@[^"]*"/g, '"worker"'));
    }),
  );
}
