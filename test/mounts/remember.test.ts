import { remember } from '../../src/mounts/remember.js';

/** Says whose turn it was, and fails when it is told to. */
function reader() {
  const read: string[] = [];
  const failing = new Set<string>();
  return {
    read,
    failing,
    of: async (id: string) => {
      read.push(id);
      if (failing.has(id)) throw new Error('not now');
      return `of ${id}`;
    },
  };
}

test('each session is read once, also when it is asked for at the same time', async () => {
  const source = reader();
  const held = remember(source.of);
  expect(await Promise.all([held.of('a'), held.of('a'), held.of('b')])).toEqual(['of a', 'of a', 'of b']);
  expect(await held.of('a')).toBe('of a');
  expect(source.read).toEqual(['a', 'b']);
});

test('what could not be read is read again', async () => {
  const source = reader();
  const held = remember(source.of);
  source.failing.add('a');
  await expect(held.of('a')).rejects.toThrow('not now');
  source.failing.clear();
  expect(await held.of('a')).toBe('of a');
});

test('what is forgotten, or was not used for long, is read again', async () => {
  const source = reader();
  const held = remember(source.of, 2);
  for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) await held.of(id);
  expect(source.read).toEqual(['a', 'b', 'c', 'b']);
  held.forget('a');
  await held.of('a');
  expect(source.read).toEqual(['a', 'b', 'c', 'b', 'a']);
});
