import { ROUTES } from '../../src/http/routes.js';
import { createChoice } from './mutations.js';
import { API_KEY, startTestServer, type TestServer } from '../support/app.js';
import { patience } from '../support/patience.js';
import { startWire, type Wire } from '../wire/server.js';
import { openTalk } from '../wire/session.js';
import { attack, type Outcome } from './attack.js';
import { CORPUS } from './corpus.js';
import { faultOf } from './judge.js';
import { goodRequest } from './request.js';
import { memoryScene, type Scene, wireScene } from './scene.js';
import { createTransport } from './transport.js';

/*
 * 10,000 requests that are wrong in some way, over real HTTP. Most go to a server whose sessions live in memory, which
 * answers a few thousand a second on a quiet machine; the rest to the whole server, with Temporal, a sandbox and a model's
 * API, where sessions in every state are attacked. DROVER_FUZZ_SEED makes the choices of another run again.
 */
const SEED = Number(process.env['DROVER_FUZZ_SEED'] ?? 20_261_121);
const IN_MEMORY = 8_000;
const ON_WIRE = 2_000;
const AT_ONCE = 8;
const ANSWER_MS = 15_000;

// A rejection that nobody handles, and an error that nobody catches, fail the test too: jest sees to that.
describe('sessions in memory', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());
  const transportTo = () => createTransport(server.url, { atOnce: AT_ONCE, patienceMs: patience(ANSWER_MS) });

  test('the corpus is good: each of its requests is carried out, and what has none is not available', async () => {
    const transport = transportTo();
    const faults: unknown[] = [];
    let whole: Scene | undefined;
    for (const route of ROUTES) {
      whole ??= await memoryScene(server);
      const { targets, ...scene } = whole;
      for (const target of targets.filter(({ state }) => state !== 'archived').slice(0, CORPUS[route[2]] ? 2 : 1)) {
        const sent = goodRequest(route, { ...scene, ...target }, API_KEY);
        const answer = await transport.send(sent);
        const fault = faultOf(sent, answer);
        if (fault !== undefined) faults.push({ fault, sent, answer });
        // What is destroyed cannot be destroyed again, and others need it.
        if (CORPUS[route[2]]?.destroys) {
          whole = undefined;
          break;
        }
      }
    }
    transport.close();
    expect(faults).toEqual([]);
  });

  test(`P5: ${IN_MEMORY} requests are answered, none with a 500 (seed ${SEED})`, async () => {
    const transport = transportTo();
    const newScene = () => memoryScene(server);
    const plan = { choice: createChoice(SEED), requests: IN_MEMORY, round: 200, atOnce: AT_ONCE, key: API_KEY };
    const spared = await newScene();
    const before = await lookAt(server, spared);
    const outcome = await attack({ ...plan, newScene, spared, transport });
    transport.close();
    check(outcome, IN_MEMORY);
    expect(outcome.busy).toEqual([]);
    expect(server.reported).toEqual([]);
    expect(await lookAt(server, spared)).toEqual(before);
  }, 600_000);
});

describe('the whole server', () => {
  let wire: Wire;
  beforeAll(async () => {
    wire = await startWire({}, { window: 1_000_000 });
  }, 300_000);
  afterAll(() => wire.stop());

  test(`P5: ${ON_WIRE} requests at sessions in every state do no harm (seed ${SEED})`, async () => {
    const begun = wire.lines.length;
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const newScene = () => wireScene(wire, held);
    const spared = await newScene();
    const before = await lookAt(wire, spared);
    const transport = createTransport(wire.server.url, { atOnce: AT_ONCE, patienceMs: patience(ANSWER_MS) });
    const plan = { choice: createChoice(SEED + 1), requests: ON_WIRE, round: 250, atOnce: AT_ONCE, spared, transport };
    const outcome = await attack({ ...plan, newScene, key: wire.server.key.value });
    transport.close();
    check(outcome, ON_WIRE);
    // Asked to come again where the engine takes longer than it may: seldom. The upstream here lists no models at all.
    expect(outcome.busy.filter((operation) => !operation.startsWith('models.')).length).toBeLessThan(ON_WIRE / 200);
    expect(wire.lines.slice(begun)).toEqual([]);
    expect(await lookAt(wire, spared)).toEqual(before);
    release();
    const talk = await openTalk(wire);
    expect((await talk.turn('still there?')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    talk.stream.close();
  }, 600_000);
});

function check({ faults, statuses }: Outcome, requests: number): void {
  expect({ seed: SEED, faults }).toEqual({ seed: SEED, faults: [] });
  // Both were tried: what is refused, and what is good for all its oddity.
  expect(statuses[400]).toBeGreaterThan(requests / 5);
  expect(statuses[200]).toBeGreaterThan(requests / 20);
}

/** What a client sees of each session: itself, and its whole log. */
function lookAt(server: Pick<Wire, 'client'>, { targets }: Scene): Promise<unknown[]> {
  return Promise.all(
    targets.map(async ({ state, session_id }) => {
      const { sessions } = server.client.beta;
      const { title, metadata, agent, budget, status } = await sessions.retrieve(session_id);
      const events = (await sessions.events.list(session_id)).data;
      return { state, title, metadata, agent, budget, status, events };
    }),
  );
}
