import { proxySinks, type Sinks } from '@temporalio/workflow';

/** Calls out of a workflow that only hasten what would happen anyway: each may be lost or come twice. */
export interface SessionSinks extends Sinks {
  log: {
    /** The thread will have entries up to `seq` once this workflow task is committed. */
    hint(seq: number): void;
  };
  control: {
    /** End this activity now and return what there is. */
    abort(activityId: string): void;
    /** Let go of this activity's command without ending it. */
    detach(activityId: string): void;
  };
}

export const sinks = proxySinks<SessionSinks>();
