import {
  ActivityCancellationType,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  upsertMemo,
  uuid4,
  workflowInfo,
  type ActivityInterfaceFor,
} from '@temporalio/workflow';
import type { Activities } from '../activities/activities.js';
import { compactInput, endCompaction } from '../src/harness/compacting.js';
import { beginEvaluation, endEvaluation, noteEvaluation } from '../src/harness/evaluating.js';
import { nextStep, type Step } from '../src/harness/harness.js';
import { archive, receive } from '../src/harness/inputs.js';
import { NO_USAGE } from '../src/harness/activity-results.js';
import { NO_COST } from '../src/pricing/list-cost.js';
import type { ToolInput, WorkflowInput } from '../src/harness/protocol.js';
import { initialState, resumedState, type Thread, type ThreadState, type ToolCall } from '../src/harness/state.js';
import { commandLine, summarize } from '../src/harness/summary.js';
import {
  beginSample,
  resume,
  beginTurn,
  endBackOff,
  endSample,
  endTool,
  endTurn,
  pauseTurn,
} from '../src/harness/turn.js';
import { handleInputs } from './inputs.js';
import { createInterruptibles, type Interruptibles } from './interruptible.js';
import { keepJournal } from './journal.js';

/** Past this multiple of the threshold even a running command is let go of, so that the history can start anew. */
const DETACH_FACTOR = 4;

/** One thread of a session: takes inputs, carries out the harness's steps, writes the journal; as long as it lives. */
export async function session(input: WorkflowInput): Promise<void> {
  const thread = openThread(input);
  const { state } = thread;
  // A run whose first task gives no command is replayed with its first two tasks joined: an update of the second would
  // then come before the workflow's own start, and the commands in another order.
  upsertMemo({ agent: state.agent_name });
  const isInterrupted = (): boolean => state.interrupts.length > 0 || state.closing;
  const activities = createInterruptibles(isInterrupted);
  const isWaiting = (): boolean => nextStep(state).type === 'wait' && !isLong(thread);
  let paused = false;
  const journal = keepJournal(thread, () => paused || activities.isBusy() || isWaiting());
  handleInputs(thread, {
    onInterrupt: () => activities.abortAll(),
    onInput: () => isLong(thread, DETACH_FACTOR) && activities.detachAll(),
  });
  closeWhenCancelled(thread, activities);
  const written = async (): Promise<void> => {
    paused = true;
    await condition(() => journal.isWritten() && allHandlersFinished());
    paused = false;
  };
  await CancellationScope.nonCancellable(async () => {
    for (;;) {
      if (isLong(thread)) {
        await written();
        await continueAsNew<typeof session>({ state });
      }
      const step = nextStep(state);
      setCurrentDetails(summarize(state, step));
      if (step.type === 'close') return written();
      if (step.type === 'wait') await condition(() => !isWaiting());
      else if (step.type === 'back_off') {
        paused = true;
        const interrupted = await condition(isInterrupted, Math.max(1, step.ms));
        paused = false;
        if (!interrupted) endBackOff(thread);
      } else await carryOut(thread, step, activities);
    }
  });
}

function openThread(input: WorkflowInput): Thread {
  const ports = { now: Date.now, random: Math.random, newEventId: () => `sevt_${uuid4().replaceAll('-', '')}` };
  if ('state' in input) return { state: resumedState(input.state), ports, entries: [] };
  const thread: Thread = { state: initialState(input.start, input.limits), ports, entries: [] };
  receive(thread, 'initial', input.start.initial_events);
  return thread;
}

function isLong(thread: Thread, factor = 1): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  if (thread.state.status === 'terminated') return false;
  return historyLength > thread.state.limits.history_events * factor || (continueAsNewSuggested && factor === 1);
}

/** Cancelling the workflow from outside ends the session as archiving does, after its turn was interrupted. */
function closeWhenCancelled(thread: Thread, activities: Interruptibles): void {
  CancellationScope.current().cancelRequested.catch(() => {
    thread.state.closing = true;
    activities.abortAll();
  });
}

function remote({ limits }: ThreadState): ActivityInterfaceFor<Activities> {
  return proxyActivities<Activities>({
    // A command may run for days; only silence ends an attempt.
    startToCloseTimeout: '30 days',
    heartbeatTimeout: limits.heartbeat_timeout_ms,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '200ms', maximumInterval: '5s' },
  });
}

type Work = Exclude<Step, { type: 'wait' | 'close' | 'back_off' }>;

async function carryOut(thread: Thread, step: Work, activities: Interruptibles): Promise<void> {
  switch (step.type) {
    case 'begin_turn':
      return beginTurn(thread);
    case 'sample':
      return sample(thread, activities);
    case 'compact':
      return compact(thread, activities);
    case 'run_tools':
      resume(thread);
      await Promise.all(step.calls.map((call) => useTool(thread, call, activities)));
      return undefined;
    case 'evaluate':
      return evaluate(thread, activities);
    case 'pause':
      return pauseTurn(thread, step.pause);
    case 'end_turn':
      return endTurn(thread);
    case 'archive':
      return archive(thread);
    default:
      return unreachable(step);
  }
}

async function sample(thread: Thread, activities: Interruptibles): Promise<void> {
  const { state } = thread;
  const span = beginSample(thread);
  const activityId = `model_${state.seq}`;
  const { session_id, seq: up_to, self_hosted } = state;
  const args = [{ session_id, up_to, ...(self_hosted ? { self_hosted } : {}) }] as const;
  const result = await activities.run(activityId, () =>
    remote(state).sampleModel.executeWithOptions({ activityId }, [...args]),
  );
  const nothing = { content: [], usage: NO_USAGE, cost: NO_COST, ids: { message: '', thinking: '' } };
  endSample(thread, span, activityId, result ?? { type: 'interrupted', ...nothing });
}

async function compact(thread: Thread, activities: Interruptibles): Promise<void> {
  const span = beginSample(thread);
  const activityId = `compact_${thread.state.seq}`;
  const input = compactInput(thread);
  const result = await activities.run(activityId, () =>
    remote(thread.state).compactContext.executeWithOptions({ activityId }, [input]),
  );
  endCompaction(thread, span, activityId, result ?? { type: 'interrupted', usage: NO_USAGE, cost: NO_COST });
}

/** How often a reader is told that an evaluation goes on. */
const EVALUATION_BEAT = '10s';

async function evaluate(thread: Thread, activities: Interruptibles): Promise<void> {
  const input = beginEvaluation(thread);
  const activityId = `evaluate_${thread.state.seq}`;
  let isOver = false;
  const evaluation = activities
    .run(activityId, () => remote(thread.state).evaluateOutcome.executeWithOptions({ activityId }, [input]))
    .finally(() => (isOver = true));
  while (!(await condition(() => isOver, EVALUATION_BEAT))) noteEvaluation(thread);
  endEvaluation(thread, (await evaluation) ?? { type: 'interrupted', usage: NO_USAGE, cost: NO_COST });
}

async function useTool(thread: Thread, call: ToolCall, activities: Interruptibles): Promise<void> {
  const input = { session_id: thread.state.session_id, tool_use_id: call.id, name: call.name, input: call.input };
  const outcome = await activities.run(call.id, () =>
    remote(thread.state).runTool.executeWithOptions({ activityId: call.id, summary: commandLine(call) }, [input]),
  );
  if (outcome === null) await stopTool(thread, call, input);
  else if (outcome.type === 'result') endTool(thread, call, outcome);
}

/** How long an interrupt waits for what its command had printed, once the attempt that ran it was given up. */
const STOP_TIMEOUT = '3s';

/** The attempt that was told of the interrupt may have died with its process, and its command lives on. */
async function stopTool(thread: Thread, call: ToolCall, input: ToolInput): Promise<void> {
  const activityId = `${call.id}_stop`;
  const options = { activityId, scheduleToCloseTimeout: STOP_TIMEOUT };
  const outcome = await remote(thread.state)
    .stopTool.executeWithOptions(options, [input])
    .catch(() => null);
  endTool(thread, call, outcome?.type === 'result' ? outcome : null, activityId);
}

function unreachable(step: never): never {
  throw new Error(`Unknown step ${JSON.stringify(step)}`);
}
