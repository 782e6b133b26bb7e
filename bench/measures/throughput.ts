import type { Conversation } from '../drive/conversation.js';
import type { Host } from '../drive/host.js';
import { cpuMs } from '../drive/processes.js';
import { takeTurns, type Measure } from '../measure.js';

const SESSIONS = 64;
const ROUNDS = 3;
const ROUND_MS = 8_000;
const WARM_UP_MS = 3_000;

/** Sessions that each send a message as soon as they are idle. Client, upstream and servers share the machine. */
export const throughput: Measure = {
  figures: ['throughput'],
  async run(lab) {
    const drover = await openCrowd(await lab.drover());
    const floor = await openCrowd(await lab.floor());
    await takeTurns(1, ...[drover, floor].map((crowd) => () => work(crowd, lab.isQuick ? 500 : WARM_UP_MS)));
    const roundMs = lab.isQuick ? 2_000 : ROUND_MS;
    await takeTurns(lab.isQuick ? 1 : ROUNDS, ...[drover, floor].map((crowd) => () => sample(crowd, roundMs)));
    for (const conversation of [...drover.conversations, ...floor.conversations]) conversation.close();
    await lab.upstream.take();
    const note = `${SESSIONS} sessions, rounds of ${roundMs / 1000} s; CPU a turn: ${costOf(drover)}; floor: ${costOf(floor)}`;
    return [{ id: 'throughput', samples: drover.rates, floor: floor.rates, note }];
  },
};

interface Crowd {
  host: Host;
  conversations: Conversation[];
  rates: number[];
  turns: number;
  serverMs: number;
  temporalMs: number;
}

async function openCrowd(host: Host): Promise<Crowd> {
  const conversations = await Promise.all(Array.from({ length: SESSIONS }, () => host.open()));
  return { host, conversations, rates: [], turns: 0, serverMs: 0, temporalMs: 0 };
}

async function sample(crowd: Crowd, ms: number): Promise<void> {
  const { server, temporal } = crowd.host.pids;
  const before = [cpuMs(server), cpuMs(temporal)] as const;
  const from = performance.now();
  const turns = await work(crowd, ms);
  crowd.rates.push((turns * 1000) / (performance.now() - from));
  crowd.turns += turns;
  crowd.serverMs += cpuMs(server) - before[0];
  crowd.temporalMs += cpuMs(temporal) - before[1];
}

/** Returns how many turns there were. Those under way at the end are waited for and counted. */
async function work({ conversations }: Crowd, ms: number): Promise<number> {
  const until = performance.now() + ms;
  let turns = 0;
  const converse = async (conversation: Conversation): Promise<void> => {
    while (performance.now() < until) {
      await conversation.turn('hello');
      turns += 1;
    }
  };
  await Promise.all(conversations.map(converse));
  return turns;
}

function costOf({ turns, serverMs, temporalMs }: Crowd): string {
  return `${(serverMs / turns).toFixed(1)} ms in its process, ${(temporalMs / turns).toFixed(1)} ms in Temporal`;
}
