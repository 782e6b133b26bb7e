import { assert, constantFrom, dictionary, property } from 'fast-check';
import { type Local, planSync } from '../../src/mounts/memory/plan.js';

const HASHES = constantFrom('1', '2', '3');
const PATHS = constantFrom('/a', '/b', '/c', '/d', '/e', '/f');
const SIDE = dictionary(PATHS, HASHES);

const toLocal = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([path, sha256]): [string, Local] => [path, { fit: true, sha256 }]));
const toMap = (files: Record<string, string>) => new Map(Object.entries(files));

type Files = Record<string, string>;

function copy(path: string, from: Map<string, string>, to: Map<string, string>): void {
  const hash = from.get(path);
  if (hash === undefined) to.delete(path);
  else to.set(path, hash);
}

/** Both sides and what was seen, after the plan was carried out. */
function carryOut(seen: Files, local: Files, remote: Files) {
  const sides = { seen: toMap(seen), local: toLocal(local), remote: toMap(remote), isWhole: true };
  const plan = planSync(sides);
  const [ours, theirs, known] = [toMap(local), toMap(remote), toMap(seen)];
  for (const path of plan.push) copy(path, ours, theirs);
  for (const path of plan.pull) copy(path, theirs, ours);
  for (const path of [...plan.push, ...plan.pull, ...plan.same]) copy(path, theirs, known);
  return { plan, ours, theirs, known };
}

test('afterwards both sides are the same, that is known, and there is nothing more to do', () => {
  assert(
    property(SIDE, SIDE, SIDE, (seen, local, remote) => {
      const { ours, theirs, known } = carryOut(seen, local, remote);
      expect(ours).toEqual(theirs);
      expect(known).toEqual(theirs);
      const again = carryOut(Object.fromEntries(known), Object.fromEntries(ours), Object.fromEntries(theirs));
      expect(again.plan).toEqual({ push: [], pull: [], same: [] });
    }),
    { numRuns: 2_000 },
  );
});

test('no change of the store is overwritten, and nothing goes on a side where nobody took it away', () => {
  assert(
    property(SIDE, SIDE, SIDE, (seen, local, remote) => {
      const { plan } = carryOut(seen, local, remote);
      for (const path of plan.push) {
        expect([seen[path], undefined]).toContain(remote[path]);
        expect(local[path]).not.toBe(seen[path]);
      }
      for (const path of plan.pull) expect(remote[path] === undefined && local[path] !== seen[path]).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test('what cannot be a memory is neither pushed nor taken for deleted', () => {
  assert(
    property(SIDE, SIDE, SIDE, (seen, unfit, remote) => {
      const local = new Map(Object.keys(unfit).map((path): [string, Local] => [path, { fit: false }]));
      const { push } = planSync({ seen: toMap(seen), local, remote: toMap(remote), isWhole: true });
      expect(push.filter((path) => local.has(path))).toEqual([]);
    }),
  );
});

test('of a directory that was not looked at to its end nothing is taken for deleted', () => {
  assert(
    property(SIDE, SIDE, (seen, local) => {
      const sides = { seen: toMap(seen), local: toLocal(local), remote: toMap(seen), isWhole: false };
      expect(planSync(sides).push.filter((path) => local[path] === undefined)).toEqual([]);
    }),
  );
});
