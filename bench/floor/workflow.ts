import {
  ActivityCancellationType,
  condition,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  proxySinks,
  setHandler,
  type Sinks,
} from '@temporalio/workflow';
import { SEND, type FloorActivities, type FloorEvent } from './protocol.js';

export interface FloorSinks extends Sinks {
  log: { hint(seq: number): void };
}

const { journal } = proxyLocalActivities<FloorActivities>({ startToCloseTimeout: '10s' });
const { work } = proxyActivities<FloorActivities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '4s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});
const { log } = proxySinks<FloorSinks>();

/** The least that a durable turn can be: one update, one activity a step, and a journal marker where something is told. */
export async function floor(): Promise<void> {
  let seq = 0;
  const turns: number[] = [];
  const write = (...types: string[]): Promise<FloorEvent[]> => {
    const batch = types.map((type) => ({ type, seq: (seq += 1) }));
    log.hint(seq);
    return journal(batch);
  };
  setHandler(defineUpdate<number, [number]>(SEND), (steps) => turns.push(steps));
  for (;;) {
    await condition(() => turns.length > 0);
    const steps = turns.shift() ?? 1;
    let written = write('user.message', 'session.status_running');
    for (let step = 0; step < steps; step += 1) {
      await Promise.all([work(), written]);
      written = write('agent.message', ...(step === steps - 1 ? ['session.status_idle'] : []));
    }
    await written;
  }
}
