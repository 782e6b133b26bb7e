import { Context } from '@temporalio/activity';
import type { FireActivities, Fires } from '../src/schedule/fire.js';
import { beating } from './beating.js';

/** After so many attempts an error that nobody foresaw is the run's outcome. */
const ATTEMPTS = 5;

/** The activities of a fire's workflow. They wait for who knows what a fire means, while the server is starting. */
export function createFireActivities(fires: Promise<Fires>): FireActivities {
  return {
    planFire: (fire) => beating(async () => (await fires).plan(fire)),
    carryOutFire(fire) {
      const isLast = Context.current().info.attempt >= ATTEMPTS;
      return beating(async () => (await fires).carryOut(fire, { isLast }));
    },
  };
}
