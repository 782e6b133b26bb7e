import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncPathSync } from '../durable-files.js';
import { errorCode } from '../error-code.js';
import { StartError } from './start-error.js';

/**
 * The content of a small file that is written once and never changes. Made with mode 0600 when it is missing: whole or
 * not at all, and of several processes at once the first one's content stands for all. On disk when it returns.
 */
export function readOrWriteOnce(path: string, make: () => string): string {
  const content = readIfThere(path) ?? writeOnce(path, make());
  if (content === '') throw new StartError(`${path} is empty: delete it to have a new one made`);
  // Also of one that is there: who made it may have been killed before its name was on disk.
  syncPathSync(dirname(path));
  return content;
}

/** The same; undefined when it is missing. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function writeOnce(path: string, content: string): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, `${content}\n`, { flag: 'wx', mode: 0o600, flush: true });
    // A link fails where the name is taken; a rename would replace what another process already uses.
    linkSync(draft, path);
    return content;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return readFileSync(path, 'utf8').trim();
  } finally {
    rmSync(draft, { force: true });
  }
}
