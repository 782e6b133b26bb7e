import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where fetched programs are kept, for every data directory of this user: `DROVER_CACHE`, else where caches belong. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const shared = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return resolve(env['DROVER_CACHE'] || join(shared, 'drover'));
}
