import { limitFile, MAX_FILE_BYTES } from '../../src/catalog/files/file-form.js';
import { createTurns } from '../../src/catalog/files/turns.js';

const MEGABYTE = new Uint8Array(1024 * 1024);

async function* megabytes(count: number, ...rest: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < count; sent++) yield MEGABYTE;
  yield* rest;
}

async function sizeOf(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of bytes) size += chunk.byteLength;
  return size;
}

test('a file may have 500 MB, and not a byte more', async () => {
  expect(await sizeOf(limitFile(megabytes(500)))).toBe(MAX_FILE_BYTES);
  const tooMuch = sizeOf(limitFile(megabytes(500, new Uint8Array(1))));
  await expect(tooMuch).rejects.toMatchObject({ type: 'request_too_large', message: expect.stringMatching(/^file: /) });
});

test('those that name the same wait for each other, a failure too; others do not', async () => {
  const turns = createTurns();
  const said: string[] = [];
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const first = turns.take('a', async () => {
    await held;
    said.push('first of a');
    throw new Error('it failed');
  });
  const second = turns.take('a', async () => said.push('second of a'));
  await turns.take('b', async () => said.push('b'));
  letGo();
  await expect(first).rejects.toThrow('it failed');
  await second;
  expect(said).toEqual(['b', 'first of a', 'second of a']);
});
