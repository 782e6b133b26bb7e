import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { StartError } from './start-error.js';

/**
 * The content of a small file that is written once and never changes. Made with mode 0600 when it is missing: whole or
 * not at all, and of several processes at once the first one's content stands for all.
 */
export function readOrWriteOnce(path: string, make: () => string): string {
  const content = readIfThere(path) ?? writeOnce(path, make());
  if (content === '') throw new StartError(`${path} is empty: delete it to have a new one made`);
  return content;
}

/** The same; undefined when it is missing. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function writeOnce(path: string, content: string): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeDurably(draft, `${content}\n`);
    // A link fails where the name is taken; a rename would replace what another process already uses.
    linkSync(draft, path);
    return content;
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    return readFileSync(path, 'utf8').trim();
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeDurably(path: string, content: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function isCode(error: unknown, code: string): boolean {
  return isNativeError(error) && 'code' in error && error.code === code;
}
