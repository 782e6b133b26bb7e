import { isDeepStrictEqual } from 'node:util';
import { startUpstream, type Upstream, type UpstreamRequest } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { openLongSession, type LongSession } from './long-session.js';

/** In tokens. The upstream counts four characters of request for one, and refuses what is longer. */
const WINDOW = 30_000;
const TURNS = 2_000;
const FILLER = 'All of this has to be read again with every request that follows. '.repeat(14);

let upstream: Upstream;
let session: LongSession;
let refused = 0;
/** Turns whose reply did not know what the first had been told. */
const lost: string[] = [];
/** What was said while the model was asked, and heard. */
const heard = new Set<string>();
let summaries = 0;

beforeAll(async () => {
  upstream = await startUpstream({ contextWindow: WINDOW, keep: 5, answer });
  session = await openLongSession(upstream, WINDOW);
});
afterAll(async () => {
  await session.close();
  await upstream.close();
});

/** Knows only what stands in the request. */
function answer({ body, text }: UpstreamRequest): UpstreamReply {
  const told = JSON.stringify(body.messages);
  const secret = /the secret is (\w+)/.exec(told)?.[1] ?? 'lost';
  if (/about to be replaced by a summary/.test(told)) {
    summaries += 1;
    return { blocks: [{ type: 'text', text: `Remember: the secret is ${secret}.` }] };
  }
  if (secret !== 'xyzzy') lost.push(text.slice(0, 40));
  for (const [aside] of text.matchAll(/aside \d+/g)) heard.add(aside);
  return { blocks: [{ type: 'text', text: `${text.slice(0, 20)}: ${secret}` }] };
}

test(`P9: after ${TURNS} turns with a window of ${WINDOW} tokens the conversation is as short as after 100, and nothing is lost`, async () => {
  const lengths: number[] = [];
  const anew: boolean[] = [];
  for (let turn = 1; turn <= TURNS; turn += 1) {
    // Every seventh message comes while the model is asked: it is queued before its reply, and read after it.
    await session.turn(
      `turn ${turn} ${turn === 1 ? 'the secret is xyzzy ' : ''}${FILLER}`,
      turn % 7 === 0 ? `aside ${turn}` : undefined,
    );
    refused += upstream.requests.filter((request) => request.refused !== undefined).length;
    upstream.requests.length = 0;
    const messages = await session.read();
    lengths.push(JSON.stringify(messages).length / 4);
    // Whoever reads the log anew, from its last summary on, reads the same.
    anew.push(turn % 50 === 0 ? isDeepStrictEqual(await session.readAnew(), messages) : true);
  }
  expect(anew).not.toContain(false);
  expect(lost).toEqual([]);
  expect(heard.size).toBe(Math.floor(TURNS / 7));
  expect(refused).toBe(0);
  expect(summaries).toBe(session.compactions);
  expect(session.compactions).toBeGreaterThan(10);
  expect(Math.max(...lengths.slice(100))).toBeLessThan(WINDOW);
  expect(Math.max(...lengths.slice(-500))).toBeLessThan(1.1 * Math.max(...lengths.slice(100, 600)));
}, 120_000);
