import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../src/config/cache.js';

/** The least that the pinned packages run on. */
const OLDEST = '3.11';
const PROBE = `
import sys, sysconfig, pip
if sys.version_info < (${OLDEST.replace('.', ', ')}): sys.exit('it is Python ' + sys.version.split()[0])
print(sys.implementation.cache_tag, sysconfig.get_platform())
`;

/** What packages have to fit, such as `cpython-311 linux-x86_64`; or why none can be used here. */
export function probePython(): { kind: string; missing?: never } | { missing: string } {
  const { status, stdout, stderr, error } = spawnSync('python3', ['-c', PROBE], { encoding: 'utf8', timeout: 60_000 });
  if (status === 0) return { kind: stdout.trim() };
  const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? '';
  return { missing: `Python ${OLDEST} with pip is not here: ${why}` };
}

/**
 * The directory of the packages that a requirements file pins by their hashes, for PYTHONPATH. They are fetched once
 * for each content of the file and kind of Python, and kept in the cache.
 */
export async function installPackages(requirements: string, kind: string): Promise<string> {
  const cache = cacheDirectory(process.env);
  const hash = createHash('sha256').update(kind).update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const packages = join(cache, `python-clients-${hash}`);
  if (existsSync(packages)) return packages;
  mkdirSync(cache, { recursive: true });
  const fetched = mkdtempSync(`${packages}-`);
  try {
    await promisify(execFile)('python3', [...PIP_INSTALL, '--target', fetched, '-r', requirements]);
    renameSync(fetched, packages);
  } catch (error) {
    rmSync(fetched, { recursive: true, force: true });
    // Another run may have been faster.
    if (!existsSync(packages)) throw error;
  }
  return packages;
}

const PIP_INSTALL = (
  '-m pip install --quiet --disable-pip-version-check --root-user-action ignore ' +
  '--require-hashes --no-deps --only-binary :all: --no-warn-conflicts'
).split(' ');
