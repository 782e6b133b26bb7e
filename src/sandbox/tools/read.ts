import { z } from 'zod';
import { FILE_TIMEOUT_MS, fileScript, finishFileScript } from './file-script.js';
import { mediaOutcome } from './media.js';
import { notebookText } from './notebook.js';
import { exactText } from './output-text.js';
import { failed, succeeded, type Outcome, type Tool, type ToolPlan } from './tool.js';
import { pathInput, planWith } from './tool-input.js';

/** Most bytes of text that one read returns, and the largest file that edit takes. */
export const MAX_TEXT_BYTES = 256 * 1024;
/** Largest image, PDF or notebook: the Messages API takes 5 MiB of base64, which is a third longer than the file. */
const MAX_MEDIA_BYTES = (5 * 1024 * 1024 * 3) / 4;

/** Reads a text file or some of its lines; images, PDFs and notebooks whole. */
export const read: Tool = {
  describe: () => ({
    name: 'read',
    description:
      `Reads a file. Text files are returned exactly as they are, up to ${MAX_TEXT_BYTES / 1024} KiB; of a longer one, ` +
      'read ranges of lines with view_range. Images (PNG, JPEG, GIF, WebP) and PDFs are shown to you, and Jupyter ' +
      'notebooks are rendered as text. Directories are not read: use glob, or ls in bash.',
    input_schema: {
      type: 'object',
      properties: {
        file_path: { type: 'string', description: 'Path of the file: absolute, or relative to /workspace.' },
        view_range: {
          type: 'array',
          items: { type: 'integer' },
          minItems: 2,
          maxItems: 2,
          description:
            '[first_line, last_line], counted from 1, both included. A last_line of 0 or less means the end of the file.',
        },
      },
      required: ['file_path'],
    },
  }),
  plan: (input) => planWith('read', readInput, input, planRead),
};

const readInput = z.object({
  file_path: pathInput,
  view_range: z
    .array(z.int())
    .refine((range) => range.length === 0 || range.length === 2, 'must be [first_line, last_line]')
    .optional(),
});

function planRead({ file_path, view_range = [] }: z.infer<typeof readInput>): ToolPlan {
  const range = toRange(view_range);
  const args = [file_path, String(MAX_TEXT_BYTES), String(MAX_MEDIA_BYTES)];
  return {
    command: {
      script: READ,
      args: range ? [...args, String(range.first), String(range.count)] : args,
      timeoutMs: FILE_TIMEOUT_MS,
    },
    maxOutput: MAX_MEDIA_BYTES + 1024,
    logIsResult: false,
    finish: (end) => finishFileScript('read', end, (bytes) => interpret(file_path, bytes, range)),
    soFar: () => '',
  };
}

interface LineRange {
  asked: readonly number[];
  first: number;
  /** 0 means to the end of the file. */
  count: number;
}

function toRange(asked: readonly number[]): LineRange | undefined {
  const [start, last] = asked;
  if (start === undefined || last === undefined) return undefined;
  const first = Math.max(1, start);
  // A range that ends before it begins is empty: line `first` of nothing.
  return {
    asked,
    first: last > 0 && last < first ? Number.MAX_SAFE_INTEGER : first,
    count: last > 0 ? last - first + 1 : 0,
  };
}

// Prints one line that says what follows (`text`, `lines`, `media` or `notebook`), then the bytes.
const READ = fileScript(
  'read',
  `path=$1 limit=$2 media_limit=$3 first=$4 count=$5
info=$(stat -L -c '%s %F' -- "$path" 2>&1) || deny "$path" "$info"
size=\${info%% *}
[[ \${info#* } == regular* ]] || fail "$path is not a regular file"
[[ -r $path ]] || fail "$path: permission denied"
kind=text
{ IFS= read -r -N 6 magic <"$path"; } 2>/dev/null
case $magic in
  $'\\x89PNG'*|$'\\xff\\xd8\\xff'*|GIF87a|GIF89a|%PDF-*) kind=media ;;
  RIFF*) { [[ $(head -c 12 -- "$path" | tail -c 4) == WEBP ]] && kind=media; } 2>/dev/null ;;
esac
[[ $kind == text && $path == *.ipynb && -z $first ]] && kind=notebook
[[ $kind == text && -n $first ]] && kind=lines
case $kind in
  media|notebook)
    (( size <= media_limit )) || fail "$path is $size bytes, exceeds $media_limit-byte limit for images, PDFs and notebooks." ;;
  text)
    (( size <= limit )) || fail "$path is $size bytes, exceeds $limit-byte limit. Use the view_range parameter to read specific line ranges, e.g. view_range: [1, 500]." ;;
esac
printf '%s\\n' "$kind"
case $kind in
  media|notebook) head -c "$(( media_limit + 1 ))" -- "$path" ;;
  text) head -c "$(( limit + 1 ))" -- "$path" ;;
  lines)
    if (( count > 0 )); then
      tail -n "+$first" -- "$path" | head -n "$count" | head -c "$(( limit + 1 ))"
    else
      tail -n "+$first" -- "$path" | head -c "$(( limit + 1 ))"
    fi ;;
esac
exit 0
`,
);

function interpret(path: string, output: Uint8Array, range: LineRange | undefined): Outcome {
  const headerEnd = output.indexOf(0x0a);
  const kind = Buffer.from(output.subarray(0, headerEnd)).toString();
  const bytes = output.subarray(headerEnd + 1);
  switch (kind) {
    case 'media':
      return mediaOutcome(path, bytes);
    case 'notebook':
      return textOutcome(path, bytes, (text) => notebookText(text) ?? text);
    case 'lines':
      return range ? linesOutcome(path, bytes, range) : failed(`read: ${path} could not be read`);
    default:
      return textOutcome(path, bytes, (text) => text);
  }
}

function textOutcome(path: string, bytes: Uint8Array, render: (text: string) => string): Outcome {
  const text = exactText(bytes);
  if (text === undefined) {
    return failed(
      `read: ${path} is not UTF-8 text. Look at it with bash, for example with file, iconv, strings or od.`,
    );
  }
  const shown = render(text);
  if (Buffer.byteLength(shown) <= MAX_TEXT_BYTES) return succeeded(shown);
  return failed(
    `read: ${path} exceeds ${MAX_TEXT_BYTES}-byte limit. Use the view_range parameter to read specific line ranges, e.g. view_range: [1, 500].`,
  );
}

function linesOutcome(path: string, bytes: Uint8Array, range: LineRange): Outcome {
  const lines = withoutLastNewline(bytes, range.count);
  if (lines.length <= MAX_TEXT_BYTES) return textOutcome(path, lines, (text) => text);
  if (range.count === 1) {
    return failed(
      `read: line ${range.first} of ${path} alone exceeds ${MAX_TEXT_BYTES}-byte limit. Use bash to cut a part out of it.`,
    );
  }
  return failed(
    `read: view_range [${range.asked.join(', ')}] of ${path} exceeds ${MAX_TEXT_BYTES}-byte limit. Narrow the view_range to read a smaller portion.`,
  );
}

/** Lines are joined, not ended, by newlines: the one after the last line that was asked for is not part of the range. */
function withoutLastNewline(bytes: Uint8Array, count: number): Uint8Array {
  if (count === 0 || bytes.at(-1) !== 0x0a) return bytes;
  let newlines = 0;
  for (const byte of bytes) if (byte === 0x0a) newlines += 1;
  return newlines === count ? bytes.subarray(0, -1) : bytes;
}
