import { z } from 'zod';
import { FILE_TIMEOUT_MS, fileScript, finishFileScript } from './file-script.js';
import { canAscend, globToRegex } from './glob-pattern.js';
import { succeeded, type Planned, type Tool } from './tool.js';
import { pathInput, patternInput, planWith } from './tool-input.js';

/** Most paths of one result. */
const GLOB_RESULT_LIMIT = 200;

/** Finds files by name, newest first. */
export const glob: Tool = {
  describe: () => ({
    name: 'glob',
    description:
      `Finds files by name. Returns the absolute paths of the newest ${GLOB_RESULT_LIMIT} that match, newest first, or ` +
      '"no matches". .git and node_modules are skipped, and hidden names only match a pattern that names their dot. ' +
      'To search in the contents of files, use grep.',
    input_schema: {
      type: 'object',
      properties: {
        pattern: {
          type: 'string',
          description:
            'Relative glob pattern, such as *.md, src/**/*.ts or **/*.{js,jsx}. ** stands for any directories.',
        },
        path: { type: 'string', description: 'Directory to search in. The default is /workspace.' },
      },
      required: ['pattern'],
    },
  }),
  plan: (input) => planWith('glob', globInput, input, planGlob),
};

const globInput = z.object({ pattern: patternInput, path: pathInput.optional() });

function planGlob({ pattern, path = '.' }: z.infer<typeof globInput>): Planned {
  if (pattern.startsWith('/')) {
    return refuse('absolute pattern not permitted; pass a relative pattern (and optionally path)');
  }
  if (canAscend(pattern)) return refuse('".." is not permitted in the pattern');
  const regex = globToRegex(pattern);
  if (regex === undefined) return refuse('the braces of the pattern stand for too many patterns; use fewer');
  // An argument of a command may have 128 KiB.
  if (regex.length > 100_000) return refuse('the pattern is too long');
  return {
    ok: true,
    plan: {
      command: { script: GLOB, args: [path, regex, String(GLOB_RESULT_LIMIT)], timeoutMs: FILE_TIMEOUT_MS },
      maxOutput: 2 * 1024 * 1024,
      logIsResult: false,
      finish: (end) => finishFileScript('glob', end, (bytes) => succeeded(pathLines(bytes))),
      soFar: () => '',
    },
  };
}

function refuse(why: string): Planned {
  return { ok: false, refusal: `glob: ${why}` };
}

// Symbolic links are neither followed nor listed.
const GLOB = fileScript(
  'glob',
  `path=$1 regex=$2 limit=$3
err=$(cd -P -- "$path" 2>&1) || deny "$path" "$err"
cd -P -- "$path"
# So that ? and [!a] stand for characters, not bytes; a small image may lack this locale, and bash would say so.
{ export LC_ALL=C.UTF-8; } 2>/dev/null
find . -type d '(' -name .git -o -name node_modules ')' -prune -o \\
  -type f -regextype posix-extended -regex "./$regex" -printf '%T@ %P\\0' 2>/dev/null |
  LC_ALL=C sort -z -k1,1nr -k2 | head -z -n "$limit" | cut -z -d ' ' -f 2- |
  while IFS= read -r -d '' name; do printf '%s/%s\\0' "\${PWD%/}" "$name"; done
exit 0
`,
);

function pathLines(bytes: Uint8Array): string {
  const paths = new TextDecoder().decode(bytes).split('\0').filter(Boolean);
  return paths.length === 0 ? 'no matches' : paths.join('\n');
}
