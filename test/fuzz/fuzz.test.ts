import { ROUTES } from '../../src/http/routes.js';
import { API_KEY, startTestServer, type TestServer } from '../support/app.js';
import { patience } from '../support/patience.js';
import { startWire, type Wire } from '../wire/server.js';
import { attack } from './attack.js';
import { CORPUS } from './corpus.js';
import { faultOf } from './judge.js';
import { createChoice } from './mutations.js';
import { goodRequest } from './request.js';
import { memoryScene, type Scene } from './scene.js';
import { createTransport } from './transport.js';
import { ANSWER_MS, AT_ONCE, attackWhole, checkMixture, lookAt, SEED } from './whole.js';

/*
 * 10,000 requests that are wrong in some way, over real HTTP. Most go to a server whose sessions live in memory, which
 * answers a few thousand a second on a quiet machine; the rest to the whole server, with Temporal, a sandbox and a model's
 * API, where sessions in every state are attacked. DROVER_FUZZ_SEED makes the choices of another run again.
 */
const IN_MEMORY = 8_000;
const ON_WIRE = 2_000;

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
    expect(outcome.faults).toEqual([]);
    checkMixture(outcome, IN_MEMORY);
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
    expect(await attackWhole(wire, ON_WIRE)).toEqual([]);
  }, 600_000);
});
