import { z } from 'zod';
import { FILE_TIMEOUT_MS, fileScript, finishFileScript, REPLACE_FILE } from './file-script.js';
import { outputText } from './output-text.js';
import { MAX_TEXT_BYTES } from './read.js';
import { succeeded, type Tool, type ToolPlan } from './tool.js';
import { hasNoNul, pathInput, planWith } from './tool-input.js';

/** A replace_all that would make the file larger is refused. */
const MAX_EDITED_BYTES = 16 * 1024 * 1024;

/** Replaces text in a file: exact, byte for byte, in one step. */
export const edit: Tool = {
  describe: () => ({
    name: 'edit',
    description:
      'Replaces text in a file. old_string must be in the file exactly as given, whitespace and line endings ' +
      'included, and only once: add surrounding lines until it is unique, or set replace_all to change every ' +
      'occurrence. Nothing is a pattern: all characters stand for themselves. Read the file first.',
    input_schema: {
      type: 'object',
      properties: {
        file_path: { type: 'string', description: 'Path of the file: absolute, or relative to /workspace.' },
        old_string: { type: 'string', description: 'The text to replace.' },
        new_string: { type: 'string', description: 'The text to put in its place; empty to delete.' },
        replace_all: { type: 'boolean', description: 'Replace every occurrence. The default is false.' },
      },
      required: ['file_path', 'old_string', 'new_string'],
    },
  }),
  plan: (input) => planWith('edit', editInput, input, planEdit),
};

const plainText = z.string().refine(hasNoNul, 'must not contain a NUL character: edit works on text files only');
const editInput = z.object({
  file_path: pathInput,
  old_string: plainText.min(1),
  new_string: plainText,
  replace_all: z.boolean().optional(),
});

function planEdit({ file_path, old_string, new_string, replace_all }: z.infer<typeof editInput>): ToolPlan {
  const old = Buffer.from(old_string);
  const args = [file_path, String(old.length), replace_all ? 'all' : 'one', String(MAX_TEXT_BYTES)];
  return {
    command: {
      script: EDIT,
      args: [...args, String(MAX_EDITED_BYTES)],
      stdin: Buffer.concat([old, Buffer.from(new_string)]),
      timeoutMs: FILE_TIMEOUT_MS,
    },
    maxOutput: 64 * 1024,
    logIsResult: false,
    finish: (end) =>
      finishFileScript('edit', end, (bytes) => succeeded(`edited ${file_path} (${outputText(bytes)} replacement(s))`)),
    soFar: () => '',
  };
}

// bash keeps any byte but NUL in a variable, and in the C locale counts bytes. Up to a NUL that is not there, `read`
// takes all there is, trailing newlines included, without a process. A quoted pattern and replacement stand for
// themselves once patsub_replacement (bash 5.2) is off.
const EDIT = fileScript(
  'edit',
  `${REPLACE_FILE}
path=$1 length=$2 mode=$3 limit=$4 edited_limit=$5
shopt -u patsub_replacement 2>/dev/null
info=$(stat -L -c '%s %F' -- "$path" 2>&1) || deny "$path" "$info"
size=\${info%% *}
[[ \${info#* } == regular* ]] || fail "$path is not a regular file"
[[ -r $path ]] || fail "$path: permission denied"
(( size <= limit )) || fail "$path is $size bytes, exceeds $limit-byte limit"
IFS= read -r -d '' text <"$path"
(( \${#text} == size )) || fail "$path contains NUL bytes: edit works on text files only"
IFS= read -r -N "$length" old
IFS= read -r -d '' new
without=\${text//"$old"/}
count=$(( (size - \${#without}) / length ))
(( count > 0 )) || fail "old_string not found in $path"
[[ $count == 1 || $mode == all ]] || fail "old_string appears $count times in $path (must be unique)"
edited_size=$(( size + count * (\${#new} - length) ))
(( edited_size <= edited_limit )) || fail "$path would be $edited_size bytes, exceeds $edited_limit-byte limit"
edited=\${text//"$old"/"$new"}
locate "$path"
replace "$path" printf %s "$edited"
printf %s "$count"
`,
);
