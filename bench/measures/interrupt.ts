import { setTimeout as sleep } from 'node:timers/promises';
import type { Conversation } from '../drive/conversation.js';
import { script } from '../drive/replies.js';
import type { Lab } from '../lab.js';
import type { Measure } from '../measure.js';
import { words } from '../upstream-reply.js';

const MODEL = { text: script({ blocks: [words(20)], tokenMs: 60_000 }), begins: 'event_delta', settleMs: 20 } as const;
const COMMAND = {
  text: script({ blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'sleep 60' } }] }),
  begins: 'agent.tool_use',
  // The event says that the call is decided; its command begins a little later.
  settleMs: 200,
} as const;

const WARM_UP = 5;
const MODEL_CALLS = 40;
const COMMANDS = 30;

/** From the interrupt's POST to idle, in the middle of a reply that goes on and of a command that sleeps. */
export const interrupt: Measure = {
  figures: ['interrupt_model', 'interrupt_command'],
  async run(lab) {
    const conversation = await (await lab.drover()).open('handy');
    const model = await sample(lab, conversation, MODEL, MODEL_CALLS);
    const command = await sample(lab, conversation, COMMAND, COMMANDS);
    conversation.close();
    return [
      { id: 'interrupt_model', samples: model },
      { id: 'interrupt_command', samples: command },
    ];
  },
};

async function sample(
  lab: Lab,
  conversation: Conversation,
  { text, begins, settleMs }: typeof MODEL | typeof COMMAND,
  count: number,
): Promise<number[]> {
  const samples: number[] = [];
  const warmUp = lab.count(WARM_UP);
  for (let turn = -warmUp; turn < lab.count(count); turn += 1) {
    const begun = conversation.next(begins);
    await conversation.send(text);
    await begun;
    await sleep(settleMs);
    const { sentAt, idleAt } = await conversation.interrupt();
    if (turn >= 0) samples.push(idleAt - sentAt);
  }
  return samples;
}
