import { SIGNAL_EVENTS } from './protocol.js';
import type { Step } from './harness.js';
import type { ThreadState, ToolCall } from './state.js';
import { sessionUsage } from './usage.js';
import { waitingCalls } from './waiting.js';

/** The session in a few lines of markdown, for who looks at its workflow in the Temporal UI. */
export function summarize(state: ThreadState, step: Step): string {
  const title = state.title === null ? '' : ` · ${state.title}`;
  const { list_cost } = sessionUsage(state);
  const cost = list_cost == null ? '' : `, ${dollars(list_cost.amount)}`;
  const tokens = `${state.usage.input_tokens} tokens in, ${state.usage.output_tokens} out${cost}`;
  return `**${state.agent_name}**${title}\n\n${describe(state, step)}\n\n${tokens}`;
}

const LONGEST_COMMAND = 120;

/** A tool call in one line: its name and the first text of its input. */
export function commandLine({ name, input }: Pick<ToolCall, 'name' | 'input'>): string {
  const fields = typeof input === 'object' && input !== null ? Object.values(input) : [];
  const shown = fields.find((value) => typeof value === 'string') ?? '';
  return `${name} ${shown}`.trim().slice(0, LONGEST_COMMAND);
}

function describe(state: ThreadState, step: Step): string {
  switch (step.type) {
    case 'wait':
      return describePause(state) ?? 'Idle: waits for a message.';
    case 'back_off':
      return `The model's API failed; the next attempt is in ${Math.round(step.ms / 1_000)} s.`;
    case 'run_tools':
      return `Runs ${step.calls.map((call) => code(commandLine(call))).join(', ')}.`;
    case 'sample':
      return 'Waits for the model.';
    case 'compact':
      return 'Sums up the conversation, which nears the length that its model can read.';
    case 'evaluate':
      return describeEvaluation(state);
    case 'begin_turn':
    case 'end_turn':
    case 'pause':
      return 'Running.';
    case 'archive':
    case 'close':
      return 'Over.';
    default:
      return unreachable(step);
  }
}

function describeEvaluation({ outcome }: ThreadState): string {
  if (outcome === null) return 'Running.';
  return `Evaluates its work (${outcome.iteration + 1} of ${outcome.max_iterations} times).`;
}

function describePause(state: ThreadState): string | undefined {
  const since = new Date(state.clock).toISOString();
  const waiting = waitingCalls(state);
  if (waiting.length > 0) {
    const whom = waiting.every(({ waits_for }) => waits_for === 'worker') ? 'its worker' : 'you';
    const calls = waiting.map((call) => describeCall(state, call));
    return [`**Waits for ${whom}** since ${since}.`, ...calls].join('\n\n');
  }
  if (state.turn?.pause?.type !== 'budget_reached') return undefined;
  return `Has reached its budget (since ${since}): goes on when that is raised or removed.`;
}

/** What somebody is asked, and the very lines that answer. */
function describeCall({ session_id }: ThreadState, call: ToolCall): string {
  const line = code(commandLine(call));
  if (call.waits_for === 'worker') return `A worker of its environment is to run ${line}.`;
  if (call.waits_for === 'result') {
    const answer = { type: 'user.custom_tool_result', custom_tool_use_id: call.id, content: '…' };
    return `The tool ${line} is yours to run. Its result:\n\n${signal(session_id, answer)}`;
  }
  const about = { type: 'user.tool_confirmation', tool_use_id: call.id };
  const allow = signal(session_id, { ...about, result: 'allow' });
  const deny = signal(session_id, { ...about, result: 'deny', deny_message: '…' });
  return `May it run ${line}? Yes:\n\n${allow}\n\nNo:\n\n${deny}`;
}

/** A command for a shell, in lines short enough for where it is shown. */
function signal(workflowId: string, event: object): string {
  const lines = ['temporal workflow signal', `--workflow-id ${workflowId}`, `--name ${SIGNAL_EVENTS}`];
  return fenced([...lines, `--input '${JSON.stringify(event)}'`].join(' \\\n  '));
}

function code(text: string): string {
  // A backtick or a line break inside would end it.
  return `\`${text.replaceAll(/[`\s]+/g, ' ')}\``;
}

function fenced(text: string): string {
  return `\`\`\`sh\n${text}\n\`\`\``;
}

function dollars(cents: string): string {
  return `$${cents.padStart(3, '0').replace(/(\d\d)$/, '.$1')}`;
}

function unreachable(step: never): never {
  throw new Error(`Unknown step ${JSON.stringify(step)}`);
}
