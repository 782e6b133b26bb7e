import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile } from '../src/durable-files.js';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'durable-'));
});

afterEach(async () => {
  jest.restoreAllMocks();
  await rm(directory, { recursive: true });
});

test('a file that is replaced is one of those that were written, whole, and nothing lies beside it', async () => {
  const file = join(directory, 'file');
  const contents = Array.from({ length: 20 }, (_, at) => String(at).repeat(100_000));
  await Promise.all(contents.map((content) => replaceFile(file, content)));
  expect(contents).toContain(await readFile(file, 'utf8'));
  expect(await readdir(directory)).toEqual(['file']);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('one that cannot be put in its place leaves nothing', async () => {
  const taken = join(directory, 'taken');
  await mkdir(taken);
  await expect(replaceFile(taken, 'text')).rejects.toThrow('EISDIR');
  expect(await readdir(directory)).toEqual(['taken']);
});

test('the bytes are on disk before they have their name, and the name when it resolves', async () => {
  const file = join(directory, 'file');
  const names: string[][] = [];
  const prototype = await fileHandles();
  jest.spyOn(prototype, 'sync').mockImplementation(async () => void names.push(await readdir(directory)));
  await replaceFile(file, 'text');
  expect(names).toEqual([[expect.stringMatching(/^file\../)], ['file']]);
});

/** What all open files have in common; nowhere exported. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await open(directory, 'r');
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}
