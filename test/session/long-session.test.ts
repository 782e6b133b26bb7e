import { isDeepStrictEqual } from 'node:util';
import { startUpstream, type Upstream, type UpstreamRequest } from '../../bench/upstream.js';
import { textsOf } from '../../src/harness/context/open-turn.js';
import type { MessageParam } from '../../src/model/model.js';
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
/** What the user has said, in the order in which it was taken up. */
const said: string[] = [];
/** Conversations that were not the end of that, without a gap. */
const torn: string[][] = [];
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
  const kept = labelsIn(body.messages);
  // Each is answered with its own beginning, but for the last.
  const whole = said.flatMap((label) => [label, label]).slice(0, -1);
  if (kept.length === 0 || !isDeepStrictEqual(kept, whole.slice(-kept.length))) torn.push(kept);
  return { blocks: [{ type: 'text', text: `${text.slice(0, 20)}: ${secret}` }] };
}

/** The beginnings of the messages, whoever said them. */
function labelsIn(messages: MessageParam[]): string[] {
  return messages.flatMap(textsOf).flatMap((text) => /^(?:turn|aside) \d+/.exec(text)?.[0] ?? []);
}

test(`P9: after ${TURNS} turns with a window of ${WINDOW} tokens the conversation is as short as after 100, and nothing is lost`, async () => {
  const lengths: number[] = [];
  const anew: boolean[] = [];
  for (let turn = 1; turn <= TURNS; turn += 1) {
    // Every seventh message comes while the model is asked: it is queued before its reply, and read after it.
    const text = `turn ${turn} ${turn === 1 ? 'the secret is xyzzy ' : ''}${FILLER}`;
    said.push(`turn ${turn}`);
    if (turn % 7 !== 0) await session.turn(text);
    else {
      await session.turn(text, { text: `aside ${turn}`, onTaken: () => said.push(`aside ${turn}`) });
    }
    refused += upstream.requests.filter((request) => request.refused !== undefined).length;
    upstream.requests.length = 0;
    const messages = await session.read();
    lengths.push(JSON.stringify(messages).length / 4);
    // Whoever reads the log anew, from its last summary on, reads the same.
    anew.push(turn % 50 === 0 ? isDeepStrictEqual(await session.readAnew(), messages) : true);
  }
  expect(anew).not.toContain(false);
  expect(lost).toEqual([]);
  expect(torn).toEqual([]);
  expect(said).toHaveLength(TURNS + Math.floor(TURNS / 7));
  expect(refused).toBe(0);
  expect(summaries).toBe(session.compactions);
  expect(session.compactions).toBeGreaterThan(10);
  expect(Math.max(...lengths.slice(100))).toBeLessThan(WINDOW);
  expect(Math.max(...lengths.slice(-500))).toBeLessThan(1.1 * Math.max(...lengths.slice(100, 600)));
}, 120_000);
