import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { createFairGate, type FairGate } from '../../activities/fair-gate.js';

/** Work at a gate that begins when the gate lets it and ends when it is told to. */
interface Work {
  client: string;
  state: 'waiting' | 'running' | 'done';
  signal: AbortSignal;
  abort(): Promise<void>;
  end(error?: Error): Promise<void>;
  result: Promise<string>;
}

function start(gate: FairGate, client: string, begun: (work: Work) => void = () => {}): Work {
  const controller = new AbortController();
  const end = Promise.withResolvers<string>();
  const work: Work = {
    client,
    state: 'waiting',
    signal: controller.signal,
    abort: async () => {
      controller.abort();
      await settled();
    },
    end: async (error) => {
      if (error) end.reject(error);
      else end.resolve(client);
      await settled();
    },
    result: end.promise,
  };
  // The gate may let it begin before it returns.
  work.result = gate
    .run(client, controller.signal, () => {
      work.state = 'running';
      begun(work);
      return end.promise;
    })
    .finally(() => (work.state = 'done'));
  work.result.catch(() => undefined);
  return work;
}

/** Everything that can go on by itself has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const running = (works: Work[]): Work[] => works.filter(({ state }) => state === 'running');

/** Twice as many as there are slots, at a gate that should be as if new: exactly the slots' number begins. */
async function expectUnused(gate: FairGate, slots: number): Promise<void> {
  const works = Array.from({ length: 2 * slots }, (_, index) => start(gate, `probe ${index}`));
  await settled();
  expect(running(works)).toHaveLength(slots);
  while (running(works).length > 0) await Promise.all(running(works).map((work) => work.end()));
  expect(works.every(({ state }) => state === 'done')).toBe(true);
}

test('a client with much to do leaves the next free slot to one that has none', async () => {
  const gate = createFairGate(2);
  const many = Array.from({ length: 20 }, () => start(gate, 'many'));
  await settled();
  expect(running(many)).toEqual(many.slice(0, 2));
  const other = start(gate, 'other');
  await settled();
  expect(other.state).toBe('waiting');
  await many[1]?.end();
  expect(other.state).toBe('running');
  expect(running(many)).toEqual([many[0]]);
  // And with one slot each, it is not put behind for ever either.
  const another = start(gate, 'other');
  await many[0]?.end();
  expect([another.state, many[2]?.state]).toEqual(['waiting', 'running']);
});

test('an interrupt ends the wait at once, and takes no slot', async () => {
  const gate = createFairGate(1);
  const first = start(gate, 'a');
  const second = start(gate, 'a');
  const third = start(gate, 'b');
  await second.abort();
  expect([first.state, second.state, third.state]).toEqual(['running', 'running', 'waiting']);
  await second.end();
  expect(third.state).toBe('waiting');
  await first.end();
  expect(third.state).toBe('running');
  const late = new AbortController();
  late.abort();
  await expect(gate.run('c', late.signal, async () => 'at once')).resolves.toBe('at once');
  await third.end();
  await expectUnused(gate, 1);
});

test('what fails gives its slot back and its error on', async () => {
  const gate = createFairGate(1);
  const work = start(gate, 'a');
  const next = start(gate, 'a');
  await work.end(new Error('broken'));
  await expect(work.result).rejects.toThrow('broken');
  expect(next.state).toBe('running');
  await next.end();
  await expectUnused(gate, 1);
});

test('a gate that is closed gives no slot any more, and lets go of those whose signal is raised', async () => {
  const gate = createFairGate(1);
  const first = start(gate, 'a');
  const second = start(gate, 'a');
  gate.close();
  await first.end();
  const third = start(gate, 'b');
  await settled();
  expect([first.state, second.state, third.state]).toEqual(['done', 'waiting', 'waiting']);
  await Promise.all([second.abort(), third.abort()]);
  expect([second.state, third.state]).toEqual(['running', 'running']);
});

type Action = { type: 'arrive'; client: string } | { type: 'end' | 'abort'; nth: number };

const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('arrive' as const), client: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('end' as const), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('abort' as const), nth: fc.nat(20) }) },
);

test('whatever comes and goes: all slots are used, none is lost, and who holds fewest goes first', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(action, { maxLength: 60 }), async (slots, actions) => {
      const gate = createFairGate(slots);
      const works: Work[] = [];
      const holding = new Set<Work>();
      const begun = (work: Work): void => {
        if (work.signal.aborted) return;
        expect(holding.size).toBeLessThan(slots);
        const waiting = works.filter(({ state, signal }) => state === 'waiting' && !signal.aborted);
        const held = (client: string) => [...holding].filter((one) => one.client === client).length;
        for (const one of waiting) expect(held(work.client)).toBeLessThanOrEqual(held(one.client));
        const earlier = waiting.filter((one) => works.indexOf(one) < works.indexOf(work));
        expect(earlier.filter(({ client }) => client === work.client)).toEqual([]);
        holding.add(work);
      };
      const act = async (action: Action): Promise<void> => {
        if (action.type === 'arrive') {
          works.push(start(gate, action.client, begun));
          return settled();
        }
        const open = works.filter(({ state }) => state === (action.type === 'end' ? 'running' : 'waiting'));
        const chosen = open[action.nth % Math.max(open.length, 1)];
        if (chosen) holding.delete(chosen);
        return chosen?.[action.type]();
      };
      for (const one of actions) {
        await act(one);
        const waits = works.some(({ state }) => state === 'waiting');
        expect(!waits || holding.size === slots).toBe(true);
      }
      while (running(works).length > 0) await act({ type: 'end', nth: 0 });
      await Promise.all(works.map(({ result }) => result));
      expect(works.flatMap(({ signal }) => getEventListeners(signal, 'abort'))).toEqual([]);
      await expectUnused(gate, slots);
    }),
    { numRuns: 150 },
  );
});
