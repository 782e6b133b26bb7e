import {
  ApplicationFailure,
  defineSignal,
  defineUpdate,
  log,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { archive, change, receive, refusal, remove } from '../src/harness/inputs.js';
import {
  SIGNAL_EVENTS,
  UPDATES,
  type ChangeRequest,
  type EventsRequest,
  type UpdateResult,
} from '../src/harness/protocol.js';
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
  const take = (request: EventsRequest): UpdateResult => {
    receive(thread, request.request_id, request.events);
    if (thread.state.interrupts.length > 0) listener.onInterrupt();
    listener.onInput();
    return { seq: thread.state.seq };
  };
  setHandler(events, take, { validator: (request) => reject(refusal(thread.state, request.events)) });
  setHandler(changes, (request) => done(thread, () => change(thread, request)), {
    validator: (request) => reject(changeRefusal(thread, request)),
  });
  setHandler(archival, () => done(thread, () => archive(thread)), { validator: () => reject(busy(thread, 'archive')) });
  setHandler(deletion, () => done(thread, () => remove(thread)), { validator: () => reject(busy(thread, 'delete')) });
  setHandler(eventsSignal, (value) => {
    const parsed = parseSignal(value, thread.ports.newEventId);
    const fault = typeof parsed === 'string' ? parsed : refusal(thread.state, parsed);
    if (fault === undefined && typeof parsed !== 'string')
      take({ request_id: thread.ports.newEventId(), events: parsed });
    else refuseSignal(fault ?? 'It could not be read.');
  });
}

function done(thread: Thread, act: () => void): UpdateResult {
  act();
  return { seq: thread.state.seq };
}

function changeRefusal({ state }: Thread, request: ChangeRequest): string | undefined {
  if (state.status === 'terminated') return 'The session is archived or terminated and cannot be changed.';
  if (request.agent !== undefined && isBusy(state))
    return 'agent: cannot be changed while the session is running; interrupt it first.';
  return undefined;
}

function busy({ state }: Thread, verb: string): string | undefined {
  return isBusy(state)
    ? `The session is ${state.status}; interrupt it and wait until it is idle to ${verb} it.`
    : undefined;
}

function isBusy({ status, queue, turn }: Thread['state']): boolean {
  return status === 'running' || status === 'rescheduling' || turn !== null || queue.length > 0;
}

function reject(reason: string | undefined): void {
  if (reason !== undefined) throw ApplicationFailure.nonRetryable(reason, 'invalid_request_error');
}

/** A signal has no answer: the reason is shown where the person who sent it looks, and in the worker's log. */
function refuseSignal(reason: string): void {
  log.warn('A signal was not taken', { reason });
  setCurrentDetails(`**The last \`${SIGNAL_EVENTS}\` signal was not taken.** ${reason}`);
}
