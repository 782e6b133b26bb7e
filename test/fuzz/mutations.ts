import { createDice, type Dice } from '../chaos/dice.js';

/** Chooses, by a seed: the same seed makes the same choices. */
export interface Choice extends Dice {
  of<T>(list: readonly T[]): T;
  /** True once in so many times. */
  once(times: number): boolean;
}

export function createChoice(seed: number): Choice {
  const dice = createDice(seed);
  const below = (limit: number): number => dice.below(limit);
  return {
    below,
    of: (list) => {
      const chosen = list[below(list.length)];
      if (chosen === undefined) throw new Error('There is nothing to choose from.');
      return chosen;
    },
    once: (times) => below(times) === 0,
  };
}

/** The JSON text of a good request body, of which mostly some values are others, or the text itself is damaged. */
export function mutateBody(choice: Choice, body: unknown): string {
  let mutated = structuredClone(body);
  for (let changes = choice.of([0, 1, 1, 1, 2, 4]); changes > 0; changes -= 1) mutated = mutateValue(choice, mutated);
  const text = JSON.stringify(mutated) ?? '';
  return choice.once(20) ? damage(choice, text) : text;
}

/** A path segment or a query value that may be anything. */
export function oddText(choice: Choice): string {
  return encodeURIComponent(String(choice.of(ODD_VALUES)).slice(0, 300).toWellFormed()) || 'x';
}

const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);

const ODD_VALUES: readonly (string | number | boolean)[] = [
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  '0',
  '\u0000',
  '\ud800',
  '💥',
  '../../etc/passwd',
  '%00',
  "' or 1=1 --",
  '__proto__',
  'x'.repeat(70_000),
];
const ODD_SHAPES: readonly unknown[] = [null, [], {}, [null], [[]], { type: 'x' }, deep(30), deep(150)];
const ODD_KEYS = ['__proto__', 'constructor', 'toString', '', 'type', 'x', 'events', '0', 'a'.repeat(500)];

function mutateValue(choice: Choice, value: unknown): unknown {
  const isLeaf = typeof value !== 'object' || value === null;
  if (isLeaf || choice.once(12)) return choice.once(2) ? choice.of(ODD_VALUES) : choice.of(ODD_SHAPES);
  if (Array.isArray(value)) return mutateList(choice, value);
  return mutateRecord(choice, Object.entries(value));
}

function mutateList(choice: Choice, list: unknown[]): unknown[] {
  const at = choice.below(list.length + 1);
  switch (choice.below(6)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return [...list, ...list];
    case 2:
      return repeated(list[0] ?? 1, choice.of([2, 60, 300, 1_100]));
    default:
      return list.map((item, index) => (index === at % list.length ? mutateValue(choice, item) : item));
  }
}

/** As often as asked, but for what would be megabytes then: that is another test's. */
function repeated(item: unknown, times: number): unknown[] {
  const most = Math.ceil(LONGEST / JSON.stringify(item).length);
  return Array.from({ length: Math.min(times, most) }, () => item);
}

const LONGEST = 500_000;

function mutateRecord(choice: Choice, entries: [string, unknown][]): unknown {
  const at = choice.below(Math.max(1, entries.length));
  switch (choice.below(8)) {
    case 0:
      return toRecord(entries.toSpliced(at, 1));
    case 1:
      return toRecord([...entries, [choice.of(ODD_KEYS), choice.of(ODD_VALUES)]]);
    case 2:
      return toRecord(entries.map(([key, value], index) => [index === at ? choice.of(ODD_KEYS) : key, value]));
    default:
      return toRecord(entries.map(([key, value], index) => [key, index === at ? mutateValue(choice, value) : value]));
  }
}

/** Keeps a key called `__proto__` a key, as a JSON text has it. */
function toRecord(entries: [string, unknown][]): unknown {
  return Object.fromEntries(entries);
}

function damage(choice: Choice, text: string): string {
  const at = choice.below(text.length + 1);
  switch (choice.below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + choice.of(['"', '{', ']', '\\', '\u0000', ',', '1e999']) + text.slice(at);
    case 2:
      return '';
    default:
      return text + text;
  }
}
