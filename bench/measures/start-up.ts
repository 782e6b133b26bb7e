import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../drive/clock.js';
import { type Host, hostOf } from '../drive/host.js';
import type { Measure } from '../measure.js';

const STARTS = 5;

/** A start where everything was stopped, to ready; and one after a kill -9, to the first ack of an idle session. */
export const startUp: Measure = {
  figures: ['start_up', 'first_ack'],
  async run(lab) {
    const drover = await lab.start();
    const host = await hostOf(drover);
    const conversation = await host.open();
    await conversation.turn('hello');
    conversation.close();
    const starts: number[] = [];
    const acks: number[] = [];
    for (let start = lab.count(STARTS); start > 0; start -= 1) {
      await drover.child.stop();
      await drover.restart();
      starts.push(drover.child.readyMs);
      await drover.child.kill();
      const from = now();
      await drover.restart();
      const text = { type: 'text', text: 'hello' } as const;
      await host.client.beta.sessions.events.send(conversation.id, {
        events: [{ type: 'user.message', content: [text] }],
      });
      acks.push(now() - from);
      await untilIdle(host, conversation.id);
    }
    await drover.stop();
    await lab.upstream.take();
    return [
      { id: 'start_up', samples: starts },
      { id: 'first_ack', samples: acks },
    ];
  },
};

async function untilIdle(host: Host, id: string): Promise<void> {
  while ((await host.client.beta.sessions.retrieve(id)).status !== 'idle') await sleep(50);
}
