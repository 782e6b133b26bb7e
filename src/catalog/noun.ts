import type { Database } from '../storage/database.js';
import type { Clock } from './clock.js';
import type { Announce } from './webhooks/announce.js';

/** Notes elsewhere what is made, in the transaction that makes it: both are committed or neither is. */
export type NoteMade = (tx: Database, id: string) => Promise<void>;

/** What every noun of the catalog works with: one workspace's rows. */
export interface NounDeps {
  db: Database;
  /** Rises with every reading: what is made later is listed as newer. */
  clock: Clock;
  workspace: string;
  /** Has webhooks sent of what is changed. */
  announce: Announce;
}
