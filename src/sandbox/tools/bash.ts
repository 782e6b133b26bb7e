import { z } from 'zod';
import { fromWholeCharacter, outputText } from './output-text.js';
import { stopNote } from './stop-note.js';
import {
  failed,
  succeeded,
  type CommandEnd,
  type CommandOutput,
  type Outcome,
  type Tool,
  type ToolPlan,
} from './tool.js';
import { hasNoNul, planWith } from './tool-input.js';

/** Most bytes of output that a result keeps: the last ones. */
const BASH_OUTPUT_LIMIT = 100 * 1024;
const BASH_DEFAULT_TIMEOUT_MS = 120_000;
/** A longer `timeout_ms` counts as this. */
const BASH_MAX_TIMEOUT_MS = 600_000;

/** Runs a command in the session's one persistent shell. */
export const bash: Tool = {
  describe: ({ network }) => ({
    name: 'bash',
    description: [
      'Runs a bash command and returns what it printed (stdout and stderr together). One shell serves all calls: its',
      'working directory, variables and functions persist from call to call, and so do files and background processes.',
      'It starts in /workspace. stdin is empty, so a command must not wait for an answer: use flags such as -y.',
      'A command that takes longer than its timeout is killed; start servers and other long work in the background',
      '(`cmd >log 2>&1 &`) and look at the log later. A non-zero exit status makes the result an error.',
      'Prefer the read, write, edit, glob and grep tools for working with files.',
      ...(network
        ? []
        : [
            'There is no network in this sandbox: anything that needs one (curl, git clone, pip or npm install) fails;',
            'work with what is installed.',
          ]),
    ].join(' '),
    input_schema: {
      type: 'object',
      properties: {
        command: { type: 'string', description: 'The command to run. Leave out only with restart.' },
        restart: {
          type: 'boolean',
          description:
            'Start over with a fresh shell, ending what still runs in the old one. Without a command, does only that.',
        },
        timeout_ms: {
          type: 'integer',
          description: `Timeout of this call in milliseconds: ${BASH_DEFAULT_TIMEOUT_MS} if left out, at most ${BASH_MAX_TIMEOUT_MS}.`,
        },
      },
    },
  }),
  plan: (input) =>
    planWith('bash', bashInput, input, ({ command, restart, timeout_ms }) => {
      if (command) return planCommand(command, restart ?? false, timeoutOf(timeout_ms));
      return restart ? planRestart() : { ok: false, refusal: 'bash: command is required' };
    }),
};

const bashInput = z.object({
  command: z.string().refine(hasNoNul, 'must not contain a NUL character').optional(),
  restart: z.boolean().optional(),
  timeout_ms: z.number().min(0).optional(),
});

function timeoutOf(wanted: number | undefined): number {
  return Math.min(Math.ceil(wanted || BASH_DEFAULT_TIMEOUT_MS), BASH_MAX_TIMEOUT_MS);
}

function planCommand(command: string, restart: boolean, timeoutMs: number): ToolPlan {
  return {
    command: { script: command, shell: 'main', timeoutMs, ...(restart && { restart }) },
    maxOutput: BASH_OUTPUT_LIMIT,
    logIsResult: true,
    finish: (end) => finishCommand(end, timeoutMs),
    soFar: (output) => withoutOurSignal(shownText(output)),
  };
}

function planRestart(): ToolPlan {
  const plan = planCommand(':', true, BASH_DEFAULT_TIMEOUT_MS);
  return { ...plan, finish: (end) => (end.code === 0 ? succeeded('bash session restarted') : plan.finish(end)) };
}

function finishCommand(end: CommandEnd, timeoutMs: number): Outcome {
  const body = shownText(end);
  if (end.reason) {
    const suffix = stopNote('bash', end.reason, timeoutMs);
    return { kind: 'text', body: withoutOurSignal(body), suffix, is_error: true };
  }
  return end.code === 0 ? succeeded(body) : failed(body || `exit ${end.code}`);
}

function shownText({ bytes, size }: CommandOutput): string {
  return outputText(size > bytes.length ? fromWholeCharacter(bytes) : bytes);
}

/** When a command is ended from outside, its shell may get to say so before it ends too. */
function withoutOurSignal(text: string): string {
  return text.replace(/(^|\n)(\S+: line \d+: +\d+ )?(Terminated|Killed)[^\n]*$/, '');
}
