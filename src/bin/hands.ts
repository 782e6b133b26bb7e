import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { orExplain } from '../config/start-error.js';
import { reap, type ReaperOptions } from '../sandbox/reaper.js';
import { selectSandboxes } from '../sandbox/sandboxes.js';
import { isOnPath, provideBubblewrap } from './bubblewrap-package.js';
import type { CleanUp } from './clean-up.js';
import type { DataDirectory } from './data-directory.js';

/** The sandboxes of this machine; fetches bubblewrap where nothing else works. Throws a StartError that says what is missing. */
export async function openSandboxes(
  config: Config,
  directory: DataDirectory,
  log: (line: string) => void,
  cleanUp: CleanUp,
) {
  const { backend, image, runtime } = config.sandbox;
  const select = () =>
    selectSandboxes({
      backend,
      dataDir: join(directory.path, 'sandboxes'),
      dataId: directory.id,
      ...(image === undefined ? {} : { image }),
      ...(runtime === undefined ? {} : { runtime }),
    });
  const selecting = select().catch(async (error: unknown) => {
    if (backend === 'docker' || (await isOnPath('bwrap', process.env))) throw error;
    await provideBubblewrap(process.env, log).catch((reason: unknown) => {
      log(`bubblewrap could not be fetched: ${String(reason)}`);
      throw error;
    });
    return select();
  });
  const selected = await orExplain('commands cannot be run', selecting);
  cleanUp.add(() => selected.sandboxes.close());
  return selected;
}

/** Leaves only sandboxes in which a command runs: nobody would reclaim the others while we are away. */
export async function reclaimIdle(options: Pick<ReaperOptions, 'sandboxes' | 'onReclaimed'>): Promise<void> {
  const late = new AbortController();
  const reclaimed = reap({ ...options, isWanted: async () => true, idleMs: 0 }, Date.now() + 1);
  await Promise.race([reclaimed, sleep(RECLAIM_MS, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
}

const RECLAIM_MS = 1_000;
