import type { InputEvent, SessionChange } from '../session/session.js';
import { isBusy } from './harness.js';
import { mergedMetadata } from './inputs.js';
import { budgetReached, covers } from './spending.js';
import type { ThreadState } from './state.js';
import { answeredBy, isResult, waitingCalls } from './waiting.js';

/** Why a request cannot be taken in the present state. */
export interface Refusal {
  message: string;
  /** A name that a program can act on. */
  code?: string;
}

/** Why these events cannot be taken, or nothing. One is enough for all of them to be refused. */
export function eventsRefusal(state: ThreadState, events: InputEvent[]): Refusal | undefined {
  if (state.status === 'terminated') return OVER;
  const isStill = state.turn?.pause?.type === 'requires_action';
  let open = isStill ? waitingCalls(state).map(({ id }) => id) : [];
  for (const [index, event] of events.entries()) {
    const fault = eventRefusal(state, event, events.slice(0, index), open);
    if (fault !== undefined) return { message: `events.${index}: ${fault}` };
    // What comes later in the same request finds the session as this event leaves it.
    open = event.type === 'user.interrupt' ? [] : open.filter((id) => id !== settledBy(state, event));
  }
  return undefined;
}

const OVER: Refusal = { message: 'The session is archived or terminated and takes no more events.' };

const AT_BUDGET =
  'the session has reached its budget; until it is raised or removed only user.tool_confirmation, user.tool_result, ' +
  'user.custom_tool_result and user.interrupt are taken';

function eventRefusal(state: ThreadState, event: InputEvent, before: InputEvent[], open: string[]): string | undefined {
  switch (event.type) {
    case 'user.interrupt':
    case 'user.tool_confirmation':
    case 'user.custom_tool_result':
      return undefined;
    case 'user.message':
      return beginRefusal(state, open);
    case 'system.message':
      if (open.length > 0 && !isResult(before.at(-1)))
        return `the session waits for an answer to ${open.join(', ')}; it has to follow one in the same request`;
      return budgetReached(state) ? AT_BUDGET : undefined;
    case 'user.tool_result':
      return resultRefusal(state, event.tool_use_id, before);
    case 'user.define_outcome':
      return outcomeRefusal(state, before) ?? beginRefusal(state, open);
    default:
      return unreachable(event);
  }
}

/** Work cannot begin while somebody is waited for, nor without the means. */
function beginRefusal(state: ThreadState, open: string[]): string | undefined {
  if (open.length > 0) return `the session waits for an answer to ${open.join(', ')}; give that first`;
  return budgetReached(state) ? AT_BUDGET : undefined;
}

function outcomeRefusal({ outcome }: ThreadState, before: InputEvent[]): string | undefined {
  if (outcome === null && !before.some(({ type }) => type === 'user.define_outcome')) return undefined;
  return 'the session works toward one outcome at a time; the next can be defined once the evaluation of this one has ended';
}

/** A call that is allowed still waits for its worker, where it has one. */
function settledBy({ self_hosted }: ThreadState, event: InputEvent): string | undefined {
  const isLeave = event.type === 'user.tool_confirmation' && event.result === 'allow';
  return self_hosted && isLeave ? undefined : answeredBy(event);
}

/** Nobody runs a call before it is allowed, and a custom tool's has an answer of its own. */
function resultRefusal(state: ThreadState, id: string, before: InputEvent[]): string | undefined {
  const call = waitingCalls(state).find((waiting) => waiting.id === id);
  if (call?.waits_for === 'result') return `the call ${id} is answered by user.custom_tool_result`;
  const isConfirmed = before.some((event) => event.type === 'user.tool_confirmation' && event.tool_use_id === id);
  return call?.waits_for === 'confirmation' && !isConfirmed ? `the call ${id} waits for its confirmation` : undefined;
}

/** Which of these answers no call waits for. The API knows of former calls too; who writes to the workflow itself does not. */
export function unawaited(state: ThreadState, events: InputEvent[]): Refusal | undefined {
  const waiting = waitingCalls(state).map(({ id }) => id);
  const id = events.map(answeredBy).find((answered) => answered !== undefined && !waiting.includes(answered));
  return id === undefined ? undefined : { message: `No call waits for an answer under the id ${id}.` };
}

const MAX_METADATA = 16;

/** Why the session cannot be changed like this, or nothing. */
export function changeRefusal(state: ThreadState, { agent, budget, metadata }: SessionChange): Refusal | undefined {
  if (state.status === 'terminated') return { message: 'The session is archived or terminated and cannot be changed.' };
  // Who asked knew the metadata as it was: another change may have come between.
  if (metadata && Object.keys(mergedMetadata(state.metadata, metadata)).length > MAX_METADATA)
    return { message: `metadata: has more than ${MAX_METADATA} pairs.` };
  if (agent !== undefined && isBusy(state))
    return { message: 'agent: cannot be changed while the session is running; interrupt it first.' };
  if (budget == null) return undefined;
  if (state.budget === null)
    return { message: 'budget: cannot be added to a session that has none.', code: 'budget_create_only' };
  if (covers(state, budget))
    return {
      message: "budget.max_list_cost must be greater than the session's consumed list cost.",
      code: 'budget_not_raised',
    };
  return undefined;
}

/** Why the session cannot be archived or deleted now, or nothing. */
export function endRefusal(state: ThreadState, verb: 'archive' | 'delete'): Refusal | undefined {
  if (state.status === 'terminated' || !isBusy(state)) return undefined;
  return { message: `The session is ${state.status}; interrupt it and wait until it is idle to ${verb} it.` };
}

function unreachable(event: never): never {
  throw new Error(`Unknown input ${JSON.stringify(event)}`);
}
