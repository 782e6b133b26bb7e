import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../drive/clock.js';
import type { DroverProcess } from '../drive/drover-process.js';
import { type Host, hostOf } from '../drive/host.js';
import { cpuMs, residentMb } from '../drive/processes.js';
import { script } from '../drive/replies.js';
import { keptBy } from '../drive/sandbox-count.js';
import type { Figure, Measure } from '../measure.js';

const SESSIONS = 5_000;
const AT_ONCE = 24;
/** A machine that is too slow for all of them measures with fewer, and says so. */
const CREATION_MS = 240_000;
const STARTS = 3;
/** Memory that is not needed any more is given back some seconds later. */
const SETTLE_MS = 20_000;
const QUESTION = script({ blocks: [{ type: 'tool_use', name: 'ask', input: {} }] }, {});

/** Sessions that each wait for the result of a tool that the client runs: what they hold, and what a start costs. */
export const waitingSessions: Measure = {
  figures: ['waiting_memory', 'waiting_temporal', 'waiting_start', 'waiting_answer'],
  async run(lab) {
    const drover = await lab.start();
    const host = await hostOf(drover);
    const count = lab.count(SESSIONS);
    const begun = now();
    const ids = await createAll(host, count);
    const rate = Math.round((ids.length * 1_000) / (now() - begun));
    await quiet(drover);
    await sleep(lab.count(SETTLE_MS));
    const before = look(drover);
    const starts: Start[] = [];
    for (const id of ids.slice(0, lab.count(STARTS))) starts.push(await startAndAnswer(drover, host, id));
    const busyMs = await quiet(drover);
    await sleep(lab.count(SETTLE_MS));
    const after = look(drover);
    await drover.stop();
    await lab.upstream.take();
    const made = `${ids.length} sessions, made at ${rate}/s; ${Math.round(before.mb)} MB after that`;
    return [
      { id: 'waiting_memory', samples: [after.mb], note: `${made}; ${after.left} processes and containers kept` },
      {
        id: 'waiting_temporal',
        samples: [after.temporalMb],
        note: `${Math.round(before.temporalMb)} MB before the starts`,
      },
      { id: 'waiting_start', samples: starts.map(({ readyMs }) => readyMs) },
      { id: 'waiting_answer', samples: starts.map(({ answerMs }) => answerMs), note: `busy for ${busyMs} ms more` },
    ] satisfies Figure[];
  },
};

/** Sessions that wait, as fast as they can be made. */
async function createAll(host: Host, count: number): Promise<string[]> {
  const ids: string[] = [];
  const until = performance.now() + CREATION_MS;
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < count && performance.now() < until) {
      begun += 1;
      const id = await host.create('calling', QUESTION);
      ids.push(id);
      await untilIdle(host, id);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return ids;
}

interface Start {
  readyMs: number;
  /** From the spawn to the ack of an answer. */
  answerMs: number;
}

/** Kills drover, starts it, and answers one of the sessions, which then ends its turn. */
async function startAndAnswer(drover: DroverProcess, host: Host, id: string): Promise<Start> {
  const { data } = await host.client.beta.sessions.events.list(id, { types: ['agent.custom_tool_use'] });
  await drover.child.kill();
  const from = now();
  await drover.restart();
  const content = [{ type: 'text', text: 'yes' } as const];
  await host.client.beta.sessions.events.send(id, {
    events: [{ type: 'user.custom_tool_result', custom_tool_use_id: data[0]?.id ?? '', content }],
  });
  const answerMs = now() - from;
  await untilIdle(host, id);
  return { readyMs: drover.child.readyMs, answerMs };
}

async function untilIdle(host: Host, id: string): Promise<void> {
  while ((await host.client.beta.sessions.retrieve(id)).status !== 'idle') await sleep(50);
}

const WINDOW_MS = 2_000;
/** Of one core. */
const QUIET_SHARE = 0.1;
const PATIENCE_MS = 120_000;

/** Waits until the server has hardly anything to do; gives how long that took. */
async function quiet({ child: { pid } }: DroverProcess): Promise<number> {
  const from = performance.now();
  for (let isQuiet = false; !isQuiet && performance.now() - from < PATIENCE_MS;) {
    const used = cpuMs(pid);
    await sleep(WINDOW_MS);
    isQuiet = cpuMs(pid) - used < QUIET_SHARE * WINDOW_MS;
  }
  return Math.round(performance.now() - from);
}

function look(drover: DroverProcess): { mb: number; temporalMb: number; left: number } {
  const own = [drover.child.pid, drover.temporal().pid];
  const [mb = NaN, temporalMb = NaN] = own.map(residentMb);
  const { processes, containers } = keptBy(drover, own);
  return { mb, temporalMb, left: processes.length + containers.length };
}
