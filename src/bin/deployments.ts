import type { Client } from '@temporalio/client';
import type { CatalogOf } from '../catalog/catalog.js';
import { createFires, type PendingFires } from '../catalog/deployments/fires.js';
import { createScheduleSync, type ScheduleSync } from '../catalog/deployments/schedule-sync.js';
import type { Config } from '../config/config.js';
import { FIRE_WORKFLOW, type Fires } from '../schedule/fire.js';
import { noJitter, spread } from '../schedule/jitter.js';
import type { Database } from '../storage/database.js';
import { removeOldWorkflows } from '../temporal/old-workflows.js';
import { createSchedules } from '../temporal/schedules.js';
import { createTidying } from './old-histories.js';

/** Deployments that run by themselves: their Schedules, and what these cause. */
export interface DeploymentsAtWork {
  scheduleSync: ScheduleSync;
  /** There once the catalog is. */
  fires: Promise<Fires>;
  begin(catalogOf: CatalogOf): void;
  /** Completes what an earlier process had begun, and compares Schedules with deployments. */
  recover(): Promise<void>;
  /** Brings Schedules up to date that could not be before, and completes runs that nobody is at any more. */
  tidy(): Promise<void>;
  stop(): Promise<void>;
}

export interface DeploymentsAtWorkDeps {
  db: Database;
  client: Client;
  /** The id of the store, which its Schedules bear. */
  store: string;
  log: (line: string) => void;
}

export function openDeployments(
  { deploymentJitter }: Pick<Config, 'deploymentJitter'>,
  { db, client, store, log }: DeploymentsAtWorkDeps,
): DeploymentsAtWork {
  const jitter = deploymentJitter ? spread : noJitter;
  const scheduleSync = createScheduleSync({ db, schedules: createSchedules(client, store) });
  const { promise, resolve } = Promise.withResolvers<Fires & PendingFires>();
  const finishPending = () => promise.then((fires) => fires.finishPending());
  const tidying = createTidying(
    (before, stopping) => removeOldWorkflows(client, { type: FIRE_WORKFLOW, before, stopping }),
    (error) => log(`old fires of schedules: ${String(error)}`),
  );
  let isReconciled = false;
  const reconcile = async () => {
    await scheduleSync.reconcile();
    isReconciled = true;
  };
  return {
    scheduleSync,
    fires: promise,
    begin(catalogOf) {
      resolve(
        createFires({ db, now: Date.now, jitter, deploymentsOf: (workspace) => catalogOf(workspace).deployments }),
      );
    },
    async recover() {
      await Promise.all([finishPending(), reconcile()]);
      tidying.start();
    },
    async tidy() {
      await (isReconciled ? scheduleSync.catchUp() : reconcile());
      // Where somebody has ended the workflow of a fire at Temporal.
      await finishPending();
      tidying.start();
    },
    stop: () => tidying.stop(),
  };
}
