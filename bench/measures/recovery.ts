import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../drive/clock.js';
import { type Conversation, converse } from '../drive/conversation.js';
import type { DroverProcess } from '../drive/drover-process.js';
import { type Host, hostOf } from '../drive/host.js';
import { script } from '../drive/replies.js';
import { sumOf } from '../drive/upstream-process.js';
import type { Lab } from '../lab.js';
import type { Measure } from '../measure.js';

const KILLS = 5;
const MODEL_CALL = script({ firstTokenMs: 1_500 });
const KILL_MODEL_AFTER_MS = 400;
/** Most of it is over at the kill: what is left to do is less than a restart takes. */
const COMMAND = script(
  { blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'sleep 1; date +%s%3N' } }] },
  {},
);
const KILL_COMMAND_AFTER_MS = 700;

/** `drover` killed with -9 in a turn and started again at once: how long until the turn is done, over the work's own time. */
export const recovery: Measure = {
  figures: ['kill_model', 'kill_command'],
  async run(lab) {
    const drover = await lab.start();
    const host = await hostOf(drover);
    const model: number[] = [];
    const command: number[] = [];
    for (let kill = lab.count(KILLS); kill > 0; kill -= 1) {
      model.push(await killInModelCall(lab, drover, host));
      command.push(await killInCommand(lab, drover, host));
    }
    await drover.stop();
    return [
      { id: 'kill_model', samples: model },
      { id: 'kill_command', samples: command },
    ];
  },
};

async function killInModelCall(lab: Lab, drover: DroverProcess, host: Host): Promise<number> {
  const conversation = await host.open();
  await conversation.turn('hello');
  await lab.upstream.take();
  const begun = conversation.next('span.model_request_start');
  await conversation.send(MODEL_CALL);
  await begun;
  await sleep(KILL_MODEL_AFTER_MS);
  const { killedAt, idleAt } = await killAndWait(drover, host, conversation.id);
  const calls = (await lab.upstream.take()).filter(({ aborted }) => !aborted);
  return idleAt - killedAt - sumOf(calls);
}

async function killInCommand(lab: Lab, drover: DroverProcess, host: Host): Promise<number> {
  const conversation: Conversation = await host.open('handy');
  // Its sandbox is there, and so is what a first command needs.
  await conversation.turn(script({ blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'true' } }] }, {}));
  const called = conversation.next('agent.tool_use');
  await conversation.send(COMMAND);
  await called;
  await lab.upstream.take();
  await sleep(KILL_COMMAND_AFTER_MS);
  const { killedAt, idleAt, lastResult } = await killAndWait(drover, host, conversation.id);
  const doneAt = Number(lastResult);
  if (!(doneAt > 0)) throw new Error(`the command did not tell when it was done: ${lastResult}`);
  return idleAt - Math.min(idleAt, killedAt) - Math.max(0, doneAt - killedAt) - sumOf(await lab.upstream.take());
}

interface Recovered {
  killedAt: number;
  idleAt: number;
  /** The text of the last tool result. */
  lastResult: string;
}

async function killAndWait(drover: DroverProcess, host: Host, id: string): Promise<Recovered> {
  const killedAt = now();
  await drover.child.kill();
  await drover.restart();
  const conversation = await converse(host.client, id);
  const idle = conversation.next('session.status_idle');
  // It may be over before the stream was open.
  const isOver = (await latest(host, id, 'session.status_idle')) > (await latest(host, id, 'session.status_running'));
  const idleAt = isOver ? now() : (await idle).at;
  conversation.close();
  return { killedAt, idleAt, lastResult: await lastResult(host, id) };
}

async function latest(host: Host, id: string, type: 'session.status_idle' | 'session.status_running'): Promise<number> {
  const { data } = await host.client.beta.sessions.events.list(id, { order: 'desc', limit: 1, types: [type] });
  return Date.parse(data[0]?.processed_at ?? '') || 0;
}

async function lastResult(host: Host, id: string): Promise<string> {
  const query = { order: 'desc', limit: 1, types: ['agent.tool_result'] } as const;
  const [event] = (await host.client.beta.sessions.events.list(id, { ...query, types: [...query.types] })).data;
  const [block] = event?.type === 'agent.tool_result' ? (event.content ?? []) : [];
  return block?.type === 'text' ? block.text.trim() : '';
}
