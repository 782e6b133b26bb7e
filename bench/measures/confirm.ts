import type { Conversation } from '../drive/conversation.js';
import { script } from '../drive/replies.js';
import type { Measure } from '../measure.js';

const WARM_UP = 10;
const CONFIRMATIONS = 60;
/** Tells when it began, in microseconds since the epoch, without another process. */
const BEGUN = 'echo "${EPOCHREALTIME/[.,]/}"';
const ASK = script({ blocks: [{ type: 'tool_use', name: 'bash', input: { command: BEGUN } }] }, {});

/** From the POST that allows a call to the start of its command, as the command itself tells it. */
export const confirm: Measure = {
  figures: ['confirm'],
  async run(lab) {
    const conversation = await (await lab.drover()).open('asking');
    for (let turn = lab.count(WARM_UP); turn > 0; turn -= 1) await sample(conversation);
    const samples: number[] = [];
    for (let turn = lab.count(CONFIRMATIONS); turn > 0; turn -= 1) samples.push(await sample(conversation));
    conversation.close();
    await lab.upstream.take();
    return [{ id: 'confirm', samples, note: lab.backends.available[0]?.name ?? '' }];
  },
};

async function sample(conversation: Conversation): Promise<number> {
  const asked = conversation.next('agent.tool_use');
  await conversation.turn(ASK);
  const { event } = await asked;
  const answered = conversation.next('agent.tool_result');
  // The clock that the command reads, too. It may have been set since this process began to count.
  const sentAt = Date.now();
  await conversation.allow(event.type === 'agent.tool_use' ? event.id : '');
  const result = (await answered).event;
  const [block] = result.type === 'agent.tool_result' ? (result.content ?? []) : [];
  const begunAt = Number(block?.type === 'text' ? block.text.trim() : NaN) / 1_000;
  if (!(begunAt >= sentAt)) throw new Error(`the command did not tell when it began: ${JSON.stringify(result)}`);
  return begunAt - sentAt;
}
