import type { Step } from './harness.js';
import type { ThreadState } from './state.js';

/** The session in a few lines of markdown, for who looks at its workflow in the Temporal UI. */
export function summarize(state: ThreadState, step: Step): string {
  const doing = describe(step);
  const title = state.title === null ? '' : ` · ${state.title}`;
  const tokens = `${state.usage.input_tokens} tokens in, ${state.usage.output_tokens} out`;
  return `**${state.agent_name}**${title}\n\n${doing}\n\n${tokens}`;
}

function describe(step: Step): string {
  switch (step.type) {
    case 'wait':
      return 'Idle: waits for a message.';
    case 'back_off':
      return `The model's API failed; the next attempt is in ${Math.round(step.ms / 1_000)} s.`;
    case 'run_tools':
      return `Runs ${step.calls.map((call) => `\`${call.name}\``).join(', ')}.`;
    case 'sample':
      return 'Waits for the model.';
    case 'begin_turn':
    case 'end_turn':
      return 'Running.';
    case 'archive':
    case 'close':
      return 'Over.';
    default:
      return unreachable(step);
  }
}

function unreachable(step: never): never {
  throw new Error(`Unknown step ${JSON.stringify(step)}`);
}
