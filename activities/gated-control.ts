import { AttemptLost } from './alive.js';
import type { Control } from './control.js';
import type { FairGate } from './fair-gate.js';

/** A control whose activities wait for their client's turn before they begin. An interrupt does not wait. */
export function createGatedControl(
  control: Control,
  gate: FairGate,
  clientOf: (workflowId: string) => Promise<string>,
): Control {
  return {
    ...control,
    run: (workflowId, activityId, lost, act) =>
      control.run(workflowId, activityId, lost, async (line) => {
        const client = await clientOf(workflowId);
        return gate.run(client, AbortSignal.any([line.abort, lost]), () => {
          // Another attempt has taken this one's place in the line: nothing was begun, and nothing must be now.
          if (lost.aborted && !line.abort.aborted) throw new AttemptLost();
          return act(line);
        });
      }),
  };
}
