import type { Draft, FileContents } from '../../files/contents.js';
import type { Database } from '../../storage/database.js';
import { findContents } from './file-store.js';
import type { Turns } from './turns.js';

export interface KeptDeps {
  db: Database;
  contents: FileContents;
  /** By hash, and by what else is done one at a time; the same for all workspaces, which share equal bytes. */
  turns: Turns;
}

/** Keeps bytes and writes the rows that name them, all or nothing. */
export async function keepContent(deps: KeptDeps, draft: Draft, name: () => Promise<unknown>): Promise<void> {
  await deps.turns.take(draft.hash, async () => {
    try {
      await draft.keep();
      await name();
    } catch (error) {
      await draft.discard();
      await removeUnnamed(deps, draft.hash);
      throw error;
    }
  });
}

/** Lets go of bytes, and removes them when no row names them any more. */
export async function releaseContent(
  deps: KeptDeps,
  hash: string,
  letGo: () => Promise<unknown> = async () => {},
): Promise<void> {
  await deps.turns.take(hash, async () => {
    await letGo();
    await removeUnnamed(deps, hash);
  });
}

/** Takes away what a process that died has left. For the time before anything is kept or released. */
export async function sweepContents({ db, contents }: Pick<KeptDeps, 'db' | 'contents'>): Promise<void> {
  await contents.sweep((hashes) => findContents(db, hashes));
}

async function removeUnnamed({ db, contents }: KeptDeps, hash: string): Promise<void> {
  const named = await findContents(db, [hash]);
  if (!named.has(hash)) await contents.remove(hash);
}
