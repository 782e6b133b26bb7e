import { z } from 'zod';
import { FILE_TIMEOUT_MS, fileScript, finishFileScript, scriptOutput } from './file-script.js';
import { outputText, toWholeCharacter } from './output-text.js';
import { failed, succeeded, type CommandEnd, type Outcome, type Tool } from './tool.js';
import { pathInput, patternInput, planWith } from './tool-input.js';

/** Most bytes of matching lines: the first ones. */
const GREP_OUTPUT_LIMIT = 100 * 1024;

/** Finds lines by a regular expression. */
export const grep: Tool = {
  describe: () => ({
    name: 'grep',
    description:
      'Searches the contents of files for a regular expression and returns the matching lines as path:line:text, or ' +
      '"no matches". Searches below /workspace unless a path is given; binary files are skipped, and usually hidden ' +
      'and git-ignored ones. To find files by name, use glob.',
    input_schema: {
      type: 'object',
      properties: {
        pattern: {
          type: 'string',
          description: 'Regular expression, matched line by line. Quote special characters with a backslash.',
        },
        path: { type: 'string', description: 'File or directory to search. The default is /workspace.' },
      },
      required: ['pattern'],
    },
  }),
  plan: (input) =>
    planWith('grep', grepInput, input, ({ pattern, path = '.' }) => ({
      command: {
        script: GREP,
        args: [pattern, path, String(GREP_OUTPUT_LIMIT + 1)],
        timeoutMs: FILE_TIMEOUT_MS,
      },
      maxOutput: GREP_OUTPUT_LIMIT + 4096,
      logIsResult: false,
      finish: finishGrep,
      soFar: ({ bytes }) => outputText(scriptOutput(bytes)),
    })),
};

const grepInput = z.object({ pattern: patternInput, path: pathInput.optional() });

// stderr goes to `err` and stdout past it to the log: pipe 3 and copy 4. A search that met unreadable files has a
// status of 2 like one whose pattern is wrong, but only the latter has something to say.
const GREP = fileScript(
  'grep',
  `pattern=$1 path=$2 limit=$3
root=$(realpath -e -- "$path" 2>&1 && printf x) || deny "$path" "$root"
root=\${root%$'\\n'x}
skip=(--exclude-dir=.git --exclude-dir=node_modules)
[[ $root == */.git* || $root == */node_modules* ]] && skip=()
search() {
  { export LC_ALL=C.UTF-8; } 2>/dev/null
  if type -P rg >/dev/null; then
    rg --no-config --no-messages --color never -nH --no-heading -e "$pattern" -- "$root"
  else
    dialect=-E
    grep -qP x <<<x 2>/dev/null && dialect=-P
    grep -rnHIs "$dialect" "\${skip[@]}" -e "$pattern" -- "$root"
  fi
}
exec 4>&1
err=$({ search 2>&3 | head -c "$limit" >&4; exit "\${PIPESTATUS[0]}"; } 3>&1)
code=$?
(( code > 1 && code < 128 )) && [[ -n $err ]] && fail "search failed: \${err:0:2000}"
exit 0
`,
);

function finishGrep(end: CommandEnd): Outcome {
  if (end.reason === 'timeout') return cutShort(end);
  return finishFileScript('grep', end, (bytes) => {
    if (bytes.length === 0) return succeeded('no matches');
    if (bytes.length <= GREP_OUTPUT_LIMIT) return succeeded(outputText(bytes));
    const body = outputText(toWholeCharacter(bytes, GREP_OUTPUT_LIMIT));
    return { kind: 'text', body, suffix: `[output truncated at ${GREP_OUTPUT_LIMIT} bytes]`, is_error: false };
  });
}

function cutShort({ bytes }: CommandEnd): Outcome {
  const body = outputText(scriptOutput(bytes));
  if (body === '') return failed(`grep: timed out after ${FILE_TIMEOUT_MS / 1000}s`);
  return {
    kind: 'text',
    body,
    suffix: `[the search was cut short after ${FILE_TIMEOUT_MS} ms]`,
    is_error: false,
  };
}
