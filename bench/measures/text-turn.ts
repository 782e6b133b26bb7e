import type { Conversation } from '../drive/conversation.js';
import { sumOf } from '../drive/upstream-process.js';
import type { Lab } from '../lab.js';
import { takeTurns, type Measure } from '../measure.js';

const WARM_UP = 20;
const TURNS = 150;

/** Text turns of one session, each as soon as the one before is over: with tools, without, and the floor in turns. */
export const textTurn: Measure = {
  figures: ['text', 'text_hands', 'ack'],
  async run(lab) {
    const [drover, bottom] = await Promise.all([lab.drover(), lab.floor()]);
    const [plain, handy, floor] = await Promise.all([drover.open(), drover.open('handy'), bottom.open()]);
    const runs = [newRun(plain), newRun(handy), newRun(floor)] as const;
    await takeTurns(
      lab.count(WARM_UP),
      ...runs.map(
        ({ conversation }) =>
          () =>
            conversation.turn('hello'),
      ),
    );
    await lab.upstream.take();
    await takeTurns(lab.count(TURNS), ...runs.map((run) => () => sample(lab, run)));
    for (const { conversation } of runs) conversation.close();
    const [text, hands, least] = runs;
    return [
      { id: 'text', samples: text.overs, floor: least.overs },
      { id: 'text_hands', samples: hands.overs, floor: least.overs },
      { id: 'ack', samples: text.acks, floor: least.acks },
    ];
  },
};

interface Run {
  conversation: Conversation;
  overs: number[];
  acks: number[];
}

function newRun(conversation: Conversation): Run {
  return { conversation, overs: [], acks: [] };
}

async function sample(lab: Lab, { conversation, overs, acks }: Run): Promise<void> {
  const { sentAt, ackedAt, idleAt } = await conversation.turn('hello');
  // The floor has no model: it asks nothing of the upstream.
  overs.push(idleAt - sentAt - sumOf(await lab.upstream.take()));
  acks.push(ackedAt - sentAt);
}
