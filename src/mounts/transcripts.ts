import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeReadableDirectory } from '../sandbox/place.js';
import { putInPlace } from './directory.js';
import type { MountPart } from './mounts.js';

/** Files that a session is given before it begins, for it to read. */
export interface Transcripts extends MountPart {
  /** All of them or none; what is there already stays. */
  write(sessionId: string, files: readonly { name: string; lines: AsyncIterable<string> }[]): Promise<void>;
  /** For when nobody reads them any more. */
  remove(sessionId: string): Promise<void>;
}

export function createTranscripts(directoryOf: (sessionId: string) => string): Transcripts {
  return {
    async write(sessionId, files) {
      const directory = directoryOf(sessionId);
      if (existsSync(directory)) return;
      const draft = draftOf(directory);
      await rm(draft, { recursive: true, force: true });
      await makeReadableDirectory(draft);
      for (const { name, lines } of files) await writeLines(join(draft, name), lines);
      await putInPlace(draft, directory);
    },
    prepare: async (sessionId) => {
      const from = directoryOf(sessionId);
      return existsSync(from) ? [{ at: '/mnt/transcripts', from, access: 'read_only' }] : [];
    },
    collect: async () => {},
    describe: async () => undefined,
    async remove(sessionId) {
      for (const name of [directoryOf(sessionId), draftOf(directoryOf(sessionId))]) {
        await rm(name, { recursive: true, force: true });
      }
    },
  };
}

const draftOf = (directory: string) => `${directory}.draft`;

async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const file = await open(path, 'w', 0o644);
  try {
    await file.chmod(0o644);
    // Unlike `write` it goes on until all of a line is written.
    for await (const line of lines) await file.writeFile(`${line}\n`);
  } finally {
    await file.close();
  }
}
