import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../config/cache.js';

/** Whether a program of this name is on the PATH. */
export async function isOnPath(program: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const places = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const found = places.map((place) =>
    access(join(place, program), constants.X_OK).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(found)).includes(true);
}

/**
 * Puts a `bwrap` at the end of the PATH of `env`: one from the cache, else Debian's package, which apt fetches and
 * checks, unpacked into the cache. Nothing is installed. Rejects where apt cannot do that.
 */
export async function provideBubblewrap(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<void> {
  const home = cachedPackage(env);
  if (!existsSync(join(home, PROGRAMS, 'bwrap'))) await fetchPackage(home, env, log);
  env['PATH'] = [env['PATH'], join(home, PROGRAMS)].filter(Boolean).join(delimiter);
}

/** Whether `provideBubblewrap` has a chance here. */
export async function canProvideBubblewrap(env: NodeJS.ProcessEnv): Promise<boolean> {
  if (existsSync(join(cachedPackage(env), PROGRAMS, 'bwrap'))) return true;
  return (await isOnPath('apt-get', env)) && (await isOnPath('dpkg-deb', env));
}

const PROGRAMS = 'usr/bin';
const FETCH_MS = 60_000;
const UPDATE_MS = 180_000;

function cachedPackage(env: NodeJS.ProcessEnv): string {
  return join(cacheDirectory(env), 'bubblewrap');
}

async function fetchPackage(home: string, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<void> {
  log('bubblewrap is not installed: fetching its package with apt-get');
  await mkdir(cacheDirectory(env), { recursive: true });
  const draft = await mkdtemp(`${home}.`);
  try {
    await download(draft, env, log);
    const file = (await readdir(draft)).find((name) => name.endsWith('.deb'));
    if (file === undefined) throw new Error('apt-get has fetched nothing');
    const unpacked = join(draft, 'unpacked');
    await run('dpkg-deb', ['-x', join(draft, file), unpacked], { env, timeout: FETCH_MS });
    await run(join(unpacked, PROGRAMS, 'bwrap'), ['--version'], { env, timeout: FETCH_MS });
    await rm(home, { recursive: true, force: true });
    await rename(unpacked, home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function download(directory: string, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<void> {
  const fetching = () => run('apt-get', ['download', 'bubblewrap'], { cwd: directory, env, timeout: FETCH_MS });
  try {
    await fetching();
  } catch (error) {
    // A fresh machine's apt knows no packages yet.
    if (process.getuid?.() !== 0) throw error;
    log('apt-get does not know the package: updating its lists');
    await run('apt-get', ['update', '-qq'], { env, timeout: UPDATE_MS });
    await fetching();
  }
}

const run = promisify(execFile);
