import { ZipFile } from 'yazl';
import type { Bundle } from './bundle.js';

/** The archive that is kept of a skill: its files in one directory of its name. Equal skills give equal bytes. */
export function zip({ name, files }: Bundle): AsyncIterable<Uint8Array> {
  const archive = new ZipFile();
  for (const { path, bytes, executable } of files) {
    archive.addBuffer(bytes, `${name}/${path}`, { mtime: SOME_TIME, mode: executable ? 0o100755 : 0o100644 });
  }
  archive.end();
  // Its stream is one of bytes; the declaration says text as well.
  return archive.outputStream as AsyncIterable<unknown> as AsyncIterable<Uint8Array>;
}

/** The time of an upload says nothing of its files. */
const SOME_TIME = new Date('2000-01-01T00:00:00Z');
