import type { SessionDeps } from '../sessions/session-deps.js';
import type { ScheduleSync } from './schedule-sync.js';

/** What deployments are made of: their runs are sessions. */
export interface DeploymentsDeps extends SessionDeps {
  scheduleSync: ScheduleSync;
}
