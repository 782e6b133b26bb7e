/** Names that a schedule, its workflow and its activities know each other by. */
export const FIRE_WORKFLOW = 'deployment';

/** The workflow's one argument. */
export interface FireInput {
  deployment_id: string;
  /** Of the schedule that fired. */
  revision: number;
}

/** One firing of a schedule. */
export interface Fire extends FireInput {
  /** The instant that the expression names, in milliseconds since the epoch. */
  scheduled_at: number;
}

/** What is to become of a fire. */
export type FirePlan = { type: 'run'; after_ms: number } | Skipped;

/** How a fire ended; of a run that found its session already there it says the same again. */
export type FireResult = { type: 'run'; run_id: string; session_id: string | null } | Skipped;

export interface Skipped {
  type: 'skipped';
  reason: string;
}

/** What the workflow of a fire may ask of the world. */
export interface FireActivities {
  /** Whether the fire counts, and how long it is to be held back. */
  planFire(fire: Fire): Promise<FirePlan>;
  /** Makes the session, once whatever the attempt, and records the run. */
  carryOutFire(fire: Fire): Promise<FireResult>;
}

/** Who knows what a fire means. */
export interface Fires {
  plan(fire: Fire): Promise<FirePlan>;
  /** Idempotent, and each fire comes to one end only. Throws what another attempt may mend, unless this is the last. */
  carryOut(fire: Fire, attempt: { isLast: boolean }): Promise<FireResult>;
}
