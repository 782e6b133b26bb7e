import type { Conversation } from '../drive/conversation.js';
import type { Backend } from '../drive/backends.js';
import { hostOf } from '../drive/host.js';
import { script } from '../drive/replies.js';
import { sumOf } from '../drive/upstream-process.js';
import type { Lab } from '../lab.js';
import { takeTurns, type Figure, type Measure, type Skipped } from '../measure.js';

const WARM_UP = 10;
const TURNS = 60;
const NAMES = ['bubblewrap', 'docker'] as const;
const USE_BASH = script({ blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'true' } }] }, {});

/** Model, `bash true` in a warm sandbox, model; on each backend, with the floor's three empty steps in turns. */
export const toolTurn: Measure = {
  figures: ['tool_bubblewrap', 'tool_docker'],
  async run(lab) {
    const figures: (Figure | Skipped)[] = [];
    for (const name of NAMES) {
      const backend = lab.backends.available.find((one) => one.name === name);
      if (backend) figures.push(await measure(lab, backend));
      else figures.push({ id: `tool_${name}`, skipped: lab.backends.missing[name] ?? '' });
    }
    return figures;
  },
};

async function measure(lab: Lab, backend: Backend): Promise<Figure> {
  const own = backend === lab.backends.available[0] ? undefined : await lab.start(backend);
  const [host, bottom] = await Promise.all([own ? hostOf(own) : lab.drover(), lab.floor()]);
  const [conversation, floor] = await Promise.all([host.open('handy'), bottom.open()]);
  await takeTurns(lab.count(WARM_UP), ...[conversation, floor].map((one) => () => one.turn(USE_BASH)));
  await lab.upstream.take();
  const samples: number[] = [];
  const least: number[] = [];
  await takeTurns(lab.count(TURNS), sampler(lab, conversation, samples), sampler(lab, floor, least));
  conversation.close();
  floor.close();
  await own?.stop();
  return { id: `tool_${backend.name}`, samples, floor: least };
}

function sampler(lab: Lab, conversation: Conversation, samples: number[]): () => Promise<void> {
  return async () => {
    const { sentAt, idleAt } = await conversation.turn(USE_BASH);
    samples.push(idleAt - sentAt - sumOf(await lab.upstream.take()));
  };
}
