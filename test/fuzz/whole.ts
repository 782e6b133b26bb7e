import { patience } from '../support/patience.js';
import type { Wire } from '../wire/server.js';
import { openTalk } from '../wire/session.js';
import { attack, type Outcome } from './attack.js';
import { createChoice } from './mutations.js';
import { type Scene, wireScene } from './scene.js';
import { createTransport } from './transport.js';

export const SEED = Number(process.env['DROVER_FUZZ_SEED'] ?? 20_261_121);
export const AT_ONCE = 8;
export const ANSWER_MS = 15_000;

/**
 * So many odd requests at a whole server's sessions in every state: what must not change does not, and it works on. Gives
 * those that were not answered as they should be.
 */
export async function attackWhole(wire: Wire, requests: number): Promise<object[]> {
  const begun = wire.lines.length;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const newScene = () => wireScene(wire, held);
  const spared = await newScene();
  const before = await lookAt(wire, spared);
  const transport = createTransport(wire.server.url, { atOnce: AT_ONCE, patienceMs: patience(ANSWER_MS) });
  const plan = { choice: createChoice(SEED + 1), requests, round: 250, atOnce: AT_ONCE, spared, transport };
  const outcome = await attack({ ...plan, newScene, key: wire.server.key.value });
  transport.close();
  checkMixture(outcome, requests);
  // Asked to come again where the engine takes longer than it may: seldom. The upstream here lists no models at all.
  expect(outcome.busy.filter((operation) => !operation.startsWith('models.')).length).toBeLessThan(5 + requests / 400);
  expect(wire.lines.slice(begun)).toEqual([]);
  expect(await lookAt(wire, spared)).toEqual(before);
  release();
  const talk = await openTalk(wire);
  expect((await talk.turn('still there?')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
  talk.stream.close();
  return outcome.faults;
}

/** Both were tried: what is refused, and what is good for all its oddity. */
export function checkMixture({ statuses }: Outcome, requests: number): void {
  expect(statuses[400]).toBeGreaterThan(requests / 5);
  expect(statuses[200]).toBeGreaterThan(requests / 20);
}

/** What a client sees of each session: itself, and its whole log. */
export function lookAt(server: Pick<Wire, 'client'>, { targets }: Scene): Promise<unknown[]> {
  return Promise.all(
    targets.map(async ({ state, session_id }) => {
      const { sessions } = server.client.beta;
      const { title, metadata, agent, budget, status } = await sessions.retrieve(session_id);
      const events = (await sessions.events.list(session_id)).data;
      return { state, title, metadata, agent, budget, status, events };
    }),
  );
}
