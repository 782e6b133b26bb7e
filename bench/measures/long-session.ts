import type { Conversation } from '../drive/conversation.js';
import { sumOf } from '../drive/upstream-process.js';
import type { Lab } from '../lab.js';
import { takeTurns, type Measure } from '../measure.js';
import { median } from '../statistics.js';

const WINDOW = 20;
const EARLY = 10;
const PARTS = 5;

/**
 * Turns of an old session in turns with those of young ones, so that both meet the same machine: a window around the
 * late turn against windows around turn 10, as ratios of medians over the model's own time.
 */
export const longSession: Measure = {
  figures: ['long_session'],
  async run(lab) {
    const drover = await lab.drover();
    const old = await drover.open();
    const parts = lab.count(PARTS);
    const last = lab.longTurns - (parts * WINDOW) / 2;
    for (let turn = 0; turn < last; turn += 1) await old.turn('hello');
    await lab.upstream.take();
    const samples: number[] = [];
    for (let part = 0; part < parts; part += 1) {
      const young = await drover.open();
      for (let turn = 0; turn < EARLY - WINDOW / 4; turn += 1) await young.turn('hello');
      samples.push(await ratio(lab, old, young));
      young.close();
    }
    old.close();
    return [{ id: 'long_session', samples, note: `turn ${lab.longTurns}; ${parts} windows of ${WINDOW} turns` }];
  },
};

async function ratio(lab: Lab, old: Conversation, young: Conversation): Promise<number> {
  await lab.upstream.take();
  const overs = new Map<Conversation, number[]>([old, young].map((one) => [one, []]));
  const sample = async (conversation: Conversation): Promise<void> => {
    const { sentAt, idleAt } = await conversation.turn('hello');
    overs.get(conversation)?.push(idleAt - sentAt - sumOf(await lab.upstream.take()));
  };
  await takeTurns(
    WINDOW,
    () => sample(old),
    () => sample(young),
  );
  return median(overs.get(old) ?? []) / median(overs.get(young) ?? []);
}
