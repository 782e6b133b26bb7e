import { outputText } from './output-text.js';
import { stopNote } from './stop-note.js';
import { failed, type CommandEnd, type Outcome, type ToolName } from './tool.js';

/** A search or a file operation takes no longer. */
export const FILE_TIMEOUT_MS = 60_000;

// The sandbox may print lines of its own before a script starts: the result begins after this byte.
const MARK = 0x1e;

/**
 * A bash script for one tool. It works on bytes (LC_ALL=C), prints its result and exits 0, or calls `fail` with a
 * sentence or `deny PATH STDERR` with what a system tool complained about, which prints `tool: …` and exits 1.
 */
export function fileScript(name: ToolName, body: string): string {
  return `LC_ALL=C
umask 022
# Past its file size limit a process gets an error, not a signal.
trap '' XFSZ
printf '\\036'
fail() { printf '%s' "${name}: $1"; exit 1; }
deny() {
  local why="\${2%%$'\\n'*}"
  why=\${why##*: }
  [[ $why == 'File too large' ]] && why='No space left on device'
  fail "$1: \${why,}"
}
${body}`;
}

/**
 * Defines `locate PATH`, which sets `target` to the regular or new file that PATH leads to, through symlinks, and makes
 * its directory; and `replace PATH COMMAND…`, which puts what the command prints there in one step: a reader sees the
 * old file or the new one, and a process killed in between leaves the old one.
 */
export const REPLACE_FILE = `
locate() {
  local err
  target=$1
  [[ $1 == */ || -d $1 ]] && fail "$1: is a directory"
  if [[ -L $1 ]]; then
    target=$(realpath -m -- "$1" 2>&1 && printf x) || deny "$1" "$target"
    target=\${target%$'\\n'x}
  fi
  [[ -e $target && ! -f $target ]] && fail "$1 is not a regular file"
  case $target in
    /*/*|[!/]*/*) dir=\${target%/*} ;;
    /*) dir=/ ;;
    *) dir=. ;;
  esac
  [[ -d $dir ]] || err=$(mkdir -p -- "$dir" 2>&1) || deny "$1" "\${err/%File exists/Not a directory}"
}
replace() {
  local err path=$1 temporary=$dir/.tmp-$$-$RANDOM$RANDOM
  shift
  set -o noclobber
  err=$( { "$@" >"$temporary"; } 2>&1 ) || { rm -f -- "$temporary"; deny "$path" "$err"; }
  [[ -e $target ]] && chmod --reference="$target" -- "$temporary" 2>/dev/null
  err=$(mv -fT -- "$temporary" "$target" 2>&1) || { rm -f -- "$temporary"; deny "$path" "$err"; }
}
`;

/** The outcome of a `fileScript` that ended: `read` makes one of its output when all went well. */
export function finishFileScript(name: ToolName, end: CommandEnd, read: (bytes: Uint8Array) => Outcome): Outcome {
  if (end.reason) return failed(stopNote(name, end.reason, FILE_TIMEOUT_MS));
  const bytes = scriptOutput(end.bytes);
  if (end.code === 0) return read(bytes);
  const text = outputText(bytes);
  return failed(end.code === 1 && text !== '' ? text : `${name}: failed with exit code ${end.code}. ${text}`.trimEnd());
}

/** What a `fileScript` itself has printed. */
export function scriptOutput(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.indexOf(MARK) + 1);
}
