import type { Client } from '@temporalio/client';
import type { CatalogOf } from '../catalog/catalog.js';
import { createFires, type PendingFires } from '../catalog/deployments/fires.js';
import { createScheduleSync, type ScheduleSync } from '../catalog/deployments/schedule-sync.js';
import type { Config } from '../config/config.js';
import type { Fires } from '../schedule/fire.js';
import { noJitter, spread } from '../schedule/jitter.js';
import type { Database } from '../storage/database.js';
import { createSchedules } from '../temporal/schedules.js';

/** Deployments that run by themselves: their Schedules, and what these cause. */
export interface DeploymentsAtWork {
  scheduleSync: ScheduleSync;
  /** There once the catalog is. */
  fires: Promise<Fires>;
  begin(catalogOf: CatalogOf): void;
  /** Completes what an earlier process had begun, and compares Schedules with deployments. */
  recover(): Promise<void>;
  /** Brings Schedules up to date that could not be before. */
  tidy(): Promise<void>;
}

export function openDeployments(
  { deploymentJitter }: Pick<Config, 'deploymentJitter'>,
  { db, client }: { db: Database; client: Client },
): DeploymentsAtWork {
  const jitter = deploymentJitter ? spread : noJitter;
  const scheduleSync = createScheduleSync({ db, schedules: createSchedules(client) });
  const { promise, resolve } = Promise.withResolvers<Fires & PendingFires>();
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
      await Promise.all([promise.then((fires) => fires.finishPending()), reconcile()]);
    },
    tidy: () => (isReconciled ? scheduleSync.catchUp() : reconcile()),
  };
}
