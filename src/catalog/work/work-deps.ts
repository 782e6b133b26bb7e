import type { SessionLog } from '../../session/session.js';
import type { Clock } from '../clock.js';
import type { NounDeps } from '../noun.js';
import type { WorkBell } from './work-bell.js';

export interface WorkDeps extends NounDeps {
  /** Leases are measured by it. */
  now: Clock;
  log: SessionLog;
  bell: WorkBell;
  /** How long a worker may be silent, unless it asks for something else. */
  leaseSeconds: number;
  /** Sessions of which it could not be told whether they need a work item: to be looked at again. */
  owedWork: Set<string>;
}
