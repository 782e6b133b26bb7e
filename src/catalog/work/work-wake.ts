import { ApiError } from '../../api-error.js';
import type { InputEvent } from '../../session/session.js';
import type { WorkDeps } from './work-deps.js';
import { isTurnOpen, settleWork, supplyWork, wakingInput, type WorkSession } from './work-supply.js';

/**
 * Sends input to a session that a worker works for, and queues a work item for it when it has none. What is cut off in
 * between, or gets no answer, is made up for by `settleWork`: the input is in the log then, and no item names it.
 */
export async function sendToWorker<Sent>(
  deps: WorkDeps,
  session: WorkSession,
  inputs: readonly InputEvent[],
  send: () => Promise<Sent>,
): Promise<Sent> {
  const input = wakingInput(inputs);
  // An interrupt has something to stop, and a worker is to see it, only where a turn is under way.
  const isIdle =
    inputs.every(({ type }) => type === 'user.interrupt') && (await isTurnOpen(deps, session.id)) === false;
  const sent = await send().catch((error: unknown) => {
    // A refusal apart, it may have been taken all the same.
    if (!(error instanceof ApiError) || error.status >= 500) deps.owedWork.add(session.id);
    throw error;
  });
  if (input === undefined || isIdle) return sent;
  try {
    await supplyWork(deps, session, input);
  } catch {
    // The input is taken, and the caller is to know that.
    deps.owedWork.add(session.id);
    await settleWork(deps, session.id);
  }
  return sent;
}
