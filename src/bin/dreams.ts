import type { Client } from '@temporalio/client';
import type { DreamSteps } from '../../activities/dreams.js';
import type { CatalogDeps, CatalogOf } from '../catalog/catalog.js';
import type { Database } from '../storage/database.js';
import { createStartDream, DREAM } from '../temporal/dreams.js';
import { removeOldWorkflows } from '../temporal/old-workflows.js';
import type { WithParts } from './mounts.js';
import { createTidying } from './old-histories.js';

/** Dreams at work. */
export interface DreamsAtWork {
  /** What the catalog needs of them. */
  forCatalog: Pick<CatalogDeps, 'startDream' | 'transcripts'>;
  /** There once the catalog is. */
  stepsOf: Promise<(workspace: string) => DreamSteps>;
  begin(catalogOf: CatalogOf): void;
  /** Hands over what an earlier process had not handed over yet. */
  recover(): Promise<void>;
  stop(): Promise<void>;
}

interface DreamsAtWorkDeps {
  db: Database;
  client: Client;
  mounts: Pick<WithParts, 'transcripts'>;
  log: (line: string) => void;
}

export function openDreams({ db, client, mounts, log }: DreamsAtWorkDeps): DreamsAtWork {
  const startDream = createStartDream(client);
  const { promise, resolve } = Promise.withResolvers<(workspace: string) => DreamSteps>();
  const tidying = createTidying(
    (before, stopping) => removeOldWorkflows(client, { type: DREAM, before, stopping }),
    (error) => log(`old workflows of dreams: ${String(error)}`),
  );
  return {
    forCatalog: { startDream, transcripts: mounts.transcripts },
    stepsOf: promise,
    begin: (catalogOf) => resolve((workspace) => catalogOf(workspace).dreams.steps),
    async recover() {
      const rows = await db.selectFrom('dreams').select(['id', 'workspace']).where('at_work', '=', 1).execute();
      for (const { id, workspace } of rows) await startDream({ workspace, dream_id: id });
      tidying.start();
    },
    stop: () => tidying.stop(),
  };
}
