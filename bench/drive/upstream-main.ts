import { startUpstream, type UpstreamRequest } from '../upstream.js';
import { answerAsTold } from './replies.js';
import type { OwnTime } from './upstream-process.js';

/** The mock upstream as a process of its own: says where it is, and on request what its answers took. */
async function main(): Promise<void> {
  const upstream = await startUpstream({ answer: answerAsTold });
  process.on('message', () => {
    process.send?.(upstream.requests.splice(0).map(toOwnTime));
  });
  process.on('disconnect', () => process.exit());
  console.log(`upstream ready at ${upstream.url}`);
}

function toOwnTime({ receivedAt, firstTokenAt, endedAt, aborted, refused }: UpstreamRequest): OwnTime {
  return { receivedAt, firstTokenAt, endedAt, aborted: aborted === true, refused: refused?.message };
}

void main();
