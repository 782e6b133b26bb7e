import type { ScriptedReply, ToolCall } from './script.js';

/** What the quickstart asks for, and the scripted model knows how to play. */
export const QUICKSTART_TASK =
  'Write a program that prints the first 20 prime numbers and checks their sum (639). Run it, fix what fails, and show me the result.';

const PATH = '/workspace/primes.sh';

// Only bash: every sandbox has it. The bug is the classic one: squares of primes pass, and the program's own check tells.
const PROGRAM = `#!/usr/bin/env bash
# Prints the first 20 prime numbers and checks their sum.
is_prime() {
  local n=$1 d
  for ((d = 2; d * d < n; d++)); do
    ((n % d == 0)) && return 1
  done
  return 0
}

count=0 sum=0 n=2
while ((count < 20)); do
  if is_prime "$n"; then
    printf '%d ' "$n"
    ((count += 1, sum += n))
  fi
  ((n += 1))
done
printf '\\nsum: %d\\n' "$sum"
if ((sum != 639)); then
  echo "check failed: expected 639" >&2
  exit 1
fi
echo "check passed"
`;

const TOOLS = ['bash', 'write', 'edit'];

/** Whether this message is a task that the scripted model can play with these tools. */
export function isKnownTask(text: string, tools: string[]): boolean {
  return /\bprimes?\b/i.test(text) && /\b(program|script|code)\b/i.test(text) && TOOLS.every((t) => tools.includes(t));
}

/** The task's reply at this step, given the text of the last tool result. */
export function playTask(step: number, lastResult: string): ScriptedReply {
  switch (step) {
    case 0:
      return call('I will write a small bash program for this.', 'write', { file_path: PATH, content: PROGRAM });
    case 1:
      return call('Now I run it.', 'bash', { command: `bash ${PATH}` });
    case 2:
      return call(
        'The check fails: 4, 9, 25 and 49 are in the list. The loop stops before the square root, so squares of primes pass. I fix the bound.',
        'edit',
        { file_path: PATH, old_string: 'd * d < n', new_string: 'd * d <= n' },
      );
    case 3:
      return call('Once more, with the fix.', 'bash', { command: `bash ${PATH}` });
    default:
      return say(`${verdict(lastResult)}\n\n${lastResult.trim()}\n\nThe program is in ${PATH}.`);
  }
}

function verdict(lastResult: string): string {
  return lastResult.includes('check passed')
    ? 'The program works now; its check passes:'
    : 'I could not get the program to pass its check. The last output was:';
}

function call(text: string, name: string, input: ToolCall['input']): ScriptedReply {
  const reply = say(text);
  return { ...reply, parts: [...reply.parts, { type: 'tools', calls: [{ name, input }] }] };
}

function say(text: string): ScriptedReply {
  return { parts: [{ type: 'text', text, pieceMs: 2 }], waitMs: 0, failures: undefined };
}
