import { setTimeout as sleep } from 'node:timers/promises';
import { type Host, hostOf } from '../drive/host.js';
import { converse } from '../drive/conversation.js';
import { residentMb } from '../drive/processes.js';
import { script } from '../drive/replies.js';
import { keptBy, type Kept } from '../drive/sandbox-count.js';
import type { Measure } from '../measure.js';

const SESSIONS = 1_000;
/** So many of them have run a command; the others have spoken. */
const HANDS = 10;
const AT_ONCE = 16;
const USE_BASH = script({ blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'true' } }] }, {});

/** The reaper comes every half minute; a sandbox counts as idle this early so that the bench need not wait longer. */
const IDLE_SECONDS = '5';
const SETTLE_MS = 30_000;
const PATIENCE_MS = 60_000;

/** What is left of sessions that have had one turn each and wait for their next message. */
export const idleSessions: Measure = {
  figures: ['idle_memory', 'idle_temporal', 'idle_processes', 'idle_containers'],
  async run(lab) {
    const drover = await lab.start(undefined, { DROVER_SANDBOX_IDLE_SECONDS: IDLE_SECONDS });
    const host = await hostOf(drover);
    const own = [drover.child.pid, drover.temporal().pid];
    const before = own.map(residentMb);
    const count = lab.count(SESSIONS);
    await talk(host, count);
    const settled = sleep(lab.count(SETTLE_MS));
    const kept = await leftOver(() => keptBy(drover, own));
    await settled;
    const [memory = NaN, temporal = NaN] = own.map(residentMb);
    await drover.stop();
    await lab.upstream.take();
    const note = `${count} sessions, ${HANDS} of them with a command; ${drover.backend.name}`;
    const [mb = NaN, temporalMb = NaN] = before;
    return [
      { id: 'idle_memory', samples: [memory], note: `${note}; ${Math.round(mb)} MB before` },
      { id: 'idle_temporal', samples: [temporal], note: `${Math.round(temporalMb)} MB before` },
      { id: 'idle_processes', samples: [kept.processes.length], note },
      { id: 'idle_containers', samples: [kept.containers.length] },
    ];
  },
};

async function talk(host: Host, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let session = next++; session < count; session = next++) {
      const hands = session < HANDS;
      const conversation = await converse(host.client, await host.create(hands ? 'handy' : 'plain'));
      await conversation.turn(hands ? USE_BASH : 'hello');
      conversation.close();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Looks until nothing is left, or gives up and tells what still is. */
async function leftOver(look: () => Kept): Promise<Kept> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const kept = look();
    if (kept.processes.length + kept.containers.length === 0 || performance.now() > until) return kept;
    await sleep(1_000);
  }
}
