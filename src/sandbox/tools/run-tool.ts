import type { Sandbox } from '../sandbox.js';
import { follow, readLog, type Ending, type Watch } from './follow.js';
import { fitResult } from './off-load.js';
import type { CommandOutput, Outcome, ToolPlan, ToolResult } from './tool.js';
import { planTool } from './tools.js';

export interface ToolCall {
  /** Key of the run: with the same one a command runs once, however often it is asked for. */
  toolUseId: string;
  name: string;
  input: unknown;
}

export interface RunOptions extends Watch {
  /** Raised to end the command. */
  signal: AbortSignal;
}

const NO_OUTPUT = '(no output)';
const INTERRUPTED = 'Tool execution was interrupted before completion. Please retry.';
const REPLACED =
  'The sandbox was replaced while this ran: its files are kept, its processes are gone. ' +
  'The command may have run in part; it was not run again.';

/**
 * Runs one tool call and gives its result; whatever a tool does wrong is a result too.
 *
 * 1. The command runs once per `toolUseId`. Asked again, in this process or another, this attaches to it and gives the
 *    same result, until its log is forgotten.
 * 2. Throws SandboxLost: acquire the sandbox again and call again. What had been started is then told of, not repeated.
 * 3. Throws Detached when `detach` is raised: the command goes on, and the next call collects it.
 */
export async function runTool(sandbox: Sandbox, call: ToolCall, options: RunOptions): Promise<ToolResult> {
  const { toolUseId, name, input } = call;
  const planned = planTool(name, input);
  if (!planned.ok) return textResult(planned.refusal, true);
  const { plan } = planned;
  if (options.signal.aborted && !(await wasStarted(sandbox, toolUseId))) return textResult(INTERRUPTED, true);
  await sandbox.start(toolUseId, plan.command);
  const { signal, ...watch } = options;
  const { timeoutMs } = plan.command;
  const ending = await follow(sandbox, toolUseId, { ...watch, interrupt: signal, timeoutMs });
  const { size } = ending;
  const bytes = await readLog(sandbox, toolUseId, size, plan.maxOutput);
  const outcome = toOutcome(plan, ending, { bytes, size });
  if (outcome.kind === 'block') return { content: [outcome.block], is_error: false };
  const log = plan.logIsResult ? { execId: toolUseId, size, shown: bytes.length } : undefined;
  return textResult(await fitResult(sandbox, toolUseId, outcome, log, watch), outcome.is_error);
}

async function wasStarted(sandbox: Sandbox, execId: string): Promise<boolean> {
  const { state } = await sandbox.poll(execId, { offset: 0, waitMs: 0, maxBytes: 1 });
  return state !== 'unknown';
}

function toOutcome(plan: ToolPlan, ending: Ending, output: CommandOutput): Outcome {
  const unfinished = (suffix: string): Outcome => ({ kind: 'text', body: plan.soFar(output), suffix, is_error: true });
  switch (ending.state) {
    case 'exited': {
      const { code, reason } = ending;
      if (reason === 'interrupt') return unfinished(INTERRUPTED);
      return plan.finish({ ...output, code, ...(reason && { reason }) });
    }
    case 'interrupted':
      return unfinished(INTERRUPTED);
    case 'lost':
      return unfinished(REPLACED);
    default:
      return ending satisfies never;
  }
}

function textResult(text: string, isError: boolean): ToolResult {
  return { content: [{ type: 'text', text: text === '' ? NO_OUTPUT : text }], is_error: isError };
}
