import { archive, change, receive, remove } from '../../src/harness/inputs.js';
import { changeRefusal, endRefusal, eventsRefusal } from '../../src/harness/refusals.js';
import type { Thread } from '../../src/harness/state.js';
import { waitingCalls } from '../../src/harness/waiting.js';
import type { InputEvent, SessionBudget, SessionChange } from '../../src/session/session.js';

/** What may reach a thread at any moment. */
export type Input =
  | { type: 'events'; events: Said[]; sameRequest: boolean }
  | { type: 'change'; change: SessionChange }
  | { type: 'archive' }
  | { type: 'delete' }
  | { type: 'cancel' };

/** What somebody sends. An answer goes to the first call that waits for one, or else to one that does not. */
export type Said = 'message' | 'outcome' | 'interrupt' | 'system' | 'allow' | 'deny' | 'result';

/** What the workflow does with an input: refuses what `refusals.ts` refuses, and takes the rest. */
export function takeInput(thread: Thread, what: Input, requestId: string): void {
  const { state } = thread;
  switch (what.type) {
    case 'events': {
      const events = what.events.map((kind) => SAID[kind](thread));
      if (eventsRefusal(state, events) === undefined) receive(thread, requestId, events);
      return;
    }
    case 'change':
      if (changeRefusal(state, what.change) === undefined) change(thread, what.change);
      return;
    case 'archive':
      if (endRefusal(state, 'archive') === undefined) archive(thread);
      return;
    case 'delete':
      if (state.status !== 'terminated' && endRefusal(state, 'delete') === undefined) remove(thread);
      return;
    case 'cancel':
      state.closing = true;
      return;
    default:
      throw new Error(`no such input: ${JSON.stringify(what satisfies never)}`);
  }
}

const SAID: Record<Said, (thread: Thread) => InputEvent> = {
  message: (thread) => message(thread),
  outcome: (thread) => outcome(thread),
  interrupt,
  system: (thread) => ({
    id: thread.ports.newEventId(),
    type: 'system.message',
    content: [{ type: 'text', text: 'now' }],
  }),
  allow: (thread) => confirmation(thread, 'allow'),
  deny: (thread) => confirmation(thread, 'deny'),
  result: (thread) => ({
    id: thread.ports.newEventId(),
    type: 'user.custom_tool_result',
    custom_tool_use_id: firstWaiting(thread, 'result'),
    content: [{ type: 'text', text: 'here' }],
  }),
};

function confirmation(thread: Thread, result: 'allow' | 'deny'): InputEvent {
  const tool_use_id = firstWaiting(thread, 'confirmation');
  return { id: thread.ports.newEventId(), type: 'user.tool_confirmation', tool_use_id, result };
}

function firstWaiting({ state }: Thread, what: 'result' | 'confirmation'): string {
  return waitingCalls(state).find((call) => call.waits_for === what)?.id ?? 'sevt_long_ago';
}

export function cents(amount: string): SessionBudget {
  return { type: 'limit', max_list_cost: { amount, currency: 'USD' } };
}

export function message(thread: Thread, text = 'hi'): InputEvent {
  return { id: thread.ports.newEventId(), type: 'user.message', content: [{ type: 'text', text }] };
}

export function outcome(thread: Thread, max_iterations: number | null = 2): InputEvent {
  return {
    id: thread.ports.newEventId(),
    type: 'user.define_outcome',
    outcome_id: thread.ports.newEventId().replace('sevt', 'outc'),
    description: 'A poem.',
    rubric: { type: 'text', content: 'It rhymes.' },
    max_iterations,
  };
}

export function interrupt(thread: Thread): InputEvent {
  return { id: thread.ports.newEventId(), type: 'user.interrupt' };
}
