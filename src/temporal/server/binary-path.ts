import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The first `temporal` on the PATH that is new enough; each older or broken one is passed over with a line. */
export async function findOnPath(
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<{ path: string; version: string } | undefined> {
  for (const path of candidates(env['PATH'] ?? '')) {
    const version = await versionOf(path);
    if (version && isNewEnough(version)) return { path, version };
    log(
      `${path} is passed over: ${version ? `it is ${version}` : 'it does not tell its version'}, ${NEEDED} is needed`,
    );
  }
  return undefined;
}

const MIN_MAJOR = 1;
// The first with server 1.32: it can push a cancellation to an activity, and dispatches activities eagerly.
const MIN_MINOR = 9;
const NEEDED = `${MIN_MAJOR}.${MIN_MINOR}.0 or newer`;

function candidates(path: string): string[] {
  const names = path.split(delimiter).filter((directory) => directory !== '');
  return [...new Set(names.map((directory) => resolve(directory, 'temporal')))].filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 5000 });
    return /version (\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MIN_MAJOR || (major === MIN_MAJOR && minor >= MIN_MINOR);
}
