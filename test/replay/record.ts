import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { UpstreamBlock } from '../../bench/upstream-reply.js';
import { listRuns } from '../../src/temporal/history.js';
import { startWire, type Wire } from '../wire/server.js';
import { openTalk, type Talk } from '../wire/session.js';
import { decodeRuns, writeGolden } from './golden.js';

/** Plays one session of each kind on a real server and keeps their histories as the golden ones of this release. */
export async function recordGolden(release: string): Promise<void> {
  const wire = await startWire({ DROVER_CONTINUE_AS_NEW_EVENTS: '40' });
  try {
    for (const [name, act] of Object.entries(SESSIONS)) {
      const talk = await act(wire);
      const runs = await historiesOf(wire, talk.id);
      writeGolden({ release, name, runs, log: decodeRuns(runs) });
    }
  } finally {
    await wire.stop();
  }
}

const bash = (command: string): UpstreamBlock => ({ type: 'tool_use', name: 'bash', input: { command } });
const SLOW = { firstTokenMs: 20_000 };

const SESSIONS: Record<string, (wire: Wire) => Promise<Talk>> = {
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
