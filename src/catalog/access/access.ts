import type { Database } from '../../storage/database.js';
import { type ApiKeys, createApiKeys } from './api-keys.js';
import { type Clock, createRisingClock } from '../clock.js';
import { createEnvironmentKeys, type EnvironmentKeys } from './environment-keys.js';
import { createFindClosed, type FindClosed } from './find-closed.js';
import { createFindKey, type FindKey } from './find-key.js';
import { type CheckReach, createCheckReach } from './reach.js';
import { createWorkspaces, type Workspaces } from './workspaces.js';

/** Who may use a server: its workspaces, and the keys that open them. */
export interface Access {
  findKey: FindKey;
  findClosed: FindClosed;
  checkReach: CheckReach;
  workspaces: Workspaces;
  apiKeys: ApiKeys;
  environmentKeys: EnvironmentKeys;
}

export function createAccess({ db, now = Date.now }: { db: Database; now?: Clock }): Access {
  const deps = { db, clock: createRisingClock(now) };
  return {
    findKey: createFindKey(db, now),
    findClosed: createFindClosed(db, now),
    checkReach: createCheckReach(db),
    workspaces: createWorkspaces(deps),
    apiKeys: createApiKeys(deps),
    environmentKeys: createEnvironmentKeys(deps),
  };
}
