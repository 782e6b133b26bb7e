import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createDiskContents } from '../../src/files/disk.js';
import { storedFiles } from '../support/stored-files.js';
import { describeContents } from './contents.js';

describeContents({
  name: 'a directory',
  async setUp() {
    const directory = await mkdtemp(join(tmpdir(), 'drover-contents-'));
    return {
      open: () => createDiskContents(join(directory, 'files')),
      list: () => storedFiles(join(directory, 'files')),
      clear: () => rm(directory, { recursive: true, force: true }),
    };
  },
});

test('the last of a disk is left to others: what would take it leaves nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'drover-contents-'));
  const { blocks, bsize } = await statfs(directory);
  try {
    const bytes = Readable.from([Buffer.from('too much')]);
    await expect(createDiskContents(directory, blocks * bsize).receive(bytes)).rejects.toMatchObject({
      type: 'unavailable_error',
      message: expect.stringContaining('disk'),
    });
    expect(await storedFiles(directory)).toEqual([]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
