import {
  ApplicationFailure,
  defineSignal,
  defineUpdate,
  log,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { archive, change, receive, remove } from '../src/harness/inputs.js';
import {
  SIGNAL_EVENTS,
  UPDATES,
  type ChangeRequest,
  type EventsRequest,
  type UpdateResult,
} from '../src/harness/protocol.js';
import { changeRefusal, endRefusal, eventsRefusal, unawaited, type Refusal } from '../src/harness/refusals.js';
import { parseSignal } from '../src/harness/signal.js';
import type { Thread } from '../src/harness/state.js';

const events = defineUpdate<UpdateResult, [EventsRequest]>(UPDATES.events);
const changes = defineUpdate<UpdateResult, [ChangeRequest]>(UPDATES.change);
const archival = defineUpdate<UpdateResult>(UPDATES.archive);
const deletion = defineUpdate<UpdateResult>(UPDATES.delete);
const eventsSignal = defineSignal<[unknown]>(SIGNAL_EVENTS);

export interface InputListener {
  onInterrupt(): void;
  onInput(): void;
}

/**
 * Takes inputs at any time. The handlers are synchronous: an accepted input is in the state and in the journal's next
 * batch before the update answers, and none is ever half done when the workflow continues as new.
 */
export function handleInputs(thread: Thread, listener: InputListener): void {
  const { state } = thread;
  const take = (request: EventsRequest): UpdateResult => {
    const processed = receive(thread, request.request_id, request.events);
    if (state.interrupts.length > 0) listener.onInterrupt();
    listener.onInput();
    return { seq: state.seq, ...(Object.keys(processed).length > 0 ? { processed } : {}) };
  };
  setHandler(events, take, { validator: (request) => reject(eventsRefusal(state, request.events)) });
  setHandler(changes, (request) => done(thread, () => change(thread, request)), {
    validator: (request) => reject(changeRefusal(state, request)),
  });
  setHandler(archival, () => done(thread, () => archive(thread)), {
    validator: () => reject(endRefusal(state, 'archive')),
  });
  setHandler(deletion, () => done(thread, () => remove(thread)), {
    validator: () => reject(endRefusal(state, 'delete')),
  });
  setHandler(eventsSignal, (value) => {
    const parsed = parseSignal(value, thread.ports.newEventId);
    if (typeof parsed === 'string') return refuseSignal(parsed);
    const fault = unawaited(state, parsed) ?? eventsRefusal(state, parsed);
    if (fault) return refuseSignal(fault.message);
    take({ request_id: thread.ports.newEventId(), events: parsed });
  });
}

function done(thread: Thread, act: () => void): UpdateResult {
  act();
  return { seq: thread.state.seq };
}

function reject(refusal: Refusal | undefined): void {
  if (refusal === undefined) return;
  throw ApplicationFailure.nonRetryable(refusal.message, 'invalid_request_error', refusal.code);
}

/** A signal has no answer: the reason is shown where the person who sent it looks, and in the worker's log. */
function refuseSignal(reason: string): void {
  log.warn('A signal was not taken', { reason });
  setCurrentDetails(`**The last \`${SIGNAL_EVENTS}\` signal was not taken.** ${reason}`);
}
