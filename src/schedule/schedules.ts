import type { Cron } from './cron.js';

/** When something is to be run, again and again. */
export interface Schedule {
  /** Of the deployment that it runs. */
  id: string;
  name: string;
  /** What it says, for people. */
  text: string;
  cron: Cron;
  timeZone: string;
  /** While it is set nothing is run, and what falls into that time is not made up for. */
  paused: boolean;
  /** Comes back with every fire: what an older one has caused is told by it. */
  revision: number;
}

/** Where schedules are kept and watched. Each call is idempotent; `unavailable_error` when it cannot be reached. */
export interface Schedules {
  /** Makes the schedule, or brings it up to date. */
  ensure(schedule: Schedule): Promise<void>;
  /** One that is not there is fine. */
  remove(id: string): Promise<void>;
  /** Each one that there is, by id; what was changed in the last seconds may be missing, and those of other stores are. */
  list(): Promise<Map<string, KeptSchedule>>;
}

/** What a schedule says of itself. */
export interface KeptSchedule {
  /** Undefined when it cannot be told: it has to be brought up to date. */
  revision: number | undefined;
  /** False when it names no store: an older release made it, or a person has changed it. */
  isOurs: boolean;
}
