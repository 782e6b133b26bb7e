import type { ToolOutcome } from '../src/harness/activity-results.js';
import type { ToolInput } from '../src/harness/protocol.js';
import { type Sandbox, SandboxLost } from '../src/sandbox/sandbox.js';
import { Detached } from '../src/sandbox/tools/follow.js';
import { runTool } from '../src/sandbox/tools/run-tool.js';
import type { Blobs } from '../src/session/blobs.js';
import { attach, detachFields } from '../src/session/bodies.js';
import { alive, AttemptLost } from './alive.js';
import type { Control, Lifeline } from './control.js';
import type { FinishedCalls } from './finished-calls.js';
import { acquireSandbox, type SandboxDeps } from './session-sandbox.js';

export interface ToolDeps extends SandboxDeps {
  blobs: Blobs;
  control: Control;
  finished: FinishedCalls;
}

/**
 * One tool call in the session's sandbox. Every attempt uses the call's own id, under which it is started once: an
 * attempt after a worker's death finds the command running, or done, and collects what it printed.
 */
export function createRunTool(deps: ToolDeps): (input: ToolInput) => Promise<ToolOutcome> {
  return (given) => alive(deps.control, (line) => runCall(deps, given, line));
}

/** For a call whose interrupt was lost with the process that ran it: ends it wherever it has got to. */
export function createStopTool(deps: ToolDeps): (input: ToolInput) => Promise<ToolOutcome> {
  return (given) => alive(deps.control, (line) => runCall(deps, given, { ...line, abort: AbortSignal.abort() }));
}

async function runCall(deps: ToolDeps, given: ToolInput, line: Lifeline): Promise<ToolOutcome> {
  const input = await attach(given.input, given.session_id, deps.blobs);
  const outcome = await callInSandbox(deps, { ...given, input }, line);
  if (outcome.type === 'detached') {
    if (line.lost.aborted) throw new AttemptLost();
    return outcome;
  }
  // Before the result is in the log: whoever sees it finds what the command has written.
  await deps.mounts.collect(given.session_id);
  const content = outcome.content.map((block) => detachFields(block, given.session_id, deps.blobs));
  return { ...outcome, content: await Promise.all(content) };
}

/** A call whose input is whole, in a sandbox that is there. */
export function callInSandbox(
  deps: SandboxDeps & Pick<ToolDeps, 'finished'>,
  call: ToolInput,
  line: Lifeline,
): Promise<ToolOutcome> {
  return inSandbox(deps, call.session_id, async (sandbox) => {
    const outcome = await use(sandbox, call, line);
    if (outcome.type === 'result') deps.finished.add(call.session_id, sandbox, call.tool_use_id);
    return outcome;
  });
}

const ACQUISITIONS = 3;

/** A sandbox that goes away before the call has begun is replaced by the next. */
async function inSandbox<T>(deps: SandboxDeps, key: string, act: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const sandbox = await acquireSandbox(deps, key);
    try {
      return await act(sandbox);
    } catch (error) {
      if (!(error instanceof SandboxLost) || tries === ACQUISITIONS) throw error;
    }
  }
}

async function use(sandbox: Sandbox, call: ToolInput, line: Lifeline): Promise<ToolOutcome> {
  const request = { toolUseId: call.tool_use_id, name: call.name, input: call.input };
  const detach = AbortSignal.any([line.detach, line.lost]);
  const run = (detach: AbortSignal) => runTool(sandbox, request, { signal: line.abort, detach });
  try {
    return { type: 'result', ...(await run(detach)) };
  } catch (error) {
    if (!(error instanceof Detached)) throw error;
    // An interrupt that comes with a detachment is not left to the next attempt: that would never be told of it.
    if (line.abort.aborted && !line.lost.aborted) return { type: 'result', ...(await run(line.lost)) };
    return { type: 'detached' };
  }
}
