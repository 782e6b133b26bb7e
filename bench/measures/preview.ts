import { script } from '../drive/replies.js';
import type { Measure } from '../measure.js';

const WARM_UP = 10;
const TURNS = 80;
/** Late enough that what else the turn begins with is done by then, as with a real model. */
const FIRST_TOKEN_MS = 40;

/** From the upstream's writing of its first token to the client's reading of the preview. */
export const preview: Measure = {
  figures: ['preview'],
  async run(lab) {
    const conversation = await (await lab.drover()).open();
    const text = script({ firstTokenMs: FIRST_TOKEN_MS });
    for (let turn = lab.count(WARM_UP); turn > 0; turn -= 1) await conversation.turn(text);
    await lab.upstream.take();
    const samples: number[] = [];
    for (let turn = lab.count(TURNS); turn > 0; turn -= 1) {
      const delta = conversation.next('event_delta');
      await conversation.turn(text);
      const [{ firstTokenAt = NaN } = {}] = await lab.upstream.take();
      samples.push((await delta).at - firstTokenAt);
    }
    conversation.close();
    return [{ id: 'preview', samples }];
  },
};
