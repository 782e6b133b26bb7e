import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
