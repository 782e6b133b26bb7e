import type { Sandbox } from '../sandbox.js';
import { fileScript, scriptOutput } from './file-script.js';
import { follow, readLog, type Watch } from './follow.js';
import { outputText } from './output-text.js';
import type { Outcome } from './tool.js';

/** A longer result is kept in a file in the sandbox; the model gets its beginning and the path (contract §3.2). */
const RESULT_LIMIT = 100_000;
const PREVIEW = 2_000;
const OUTPUT_TRUNCATED = '[output truncated]';
const PIECE_BYTES = 4 * 1024 * 1024;
const SAVE_TIMEOUT_MS = 60_000;

type TextOutcome = Extract<Outcome, { kind: 'text' }>;

/** The log of a command that is itself the result, `shown` bytes of which are in the outcome's body. */
export interface WholeLog {
  execId: string;
  size: number;
  shown: number;
}

function resultFile(toolUseId: string): string {
  return `/mnt/session/tool_results/${toolUseId}.txt`;
}

/**
 * The text of a result. What is too long for it is written to `resultFile` first. Repeatable: the same call gives the
 * same text, and a piece that was written is not written again.
 */
export async function fitResult(
  sandbox: Sandbox,
  toolUseId: string,
  outcome: TextOutcome,
  log: WholeLog | undefined,
  watch: Watch,
): Promise<string> {
  const { body, suffix } = outcome;
  const cut = log !== undefined && log.shown < log.size;
  const truncated = cut ? OUTPUT_TRUNCATED : '';
  if (body.length <= RESULT_LIMIT && !cut) return lines(body, suffix);
  const size = log?.size ?? Buffer.byteLength(body);
  const problem = await save(sandbox, toolUseId, log ? logPieces(sandbox, log) : bodyPieces(body), watch);
  const kept = whereKept(toolUseId, size, problem);
  if (body.length <= RESULT_LIMIT) return lines(truncated, body, `[${kept}]`, suffix);
  const preview = `${kept} Above are its first ${PREVIEW} characters`;
  if (!log) return lines(head(body), `[${preview}.]`, suffix);
  // A command's last words tell how it went.
  return lines(truncated, head(await logHead(sandbox, log)), `[${preview}, below its last.]`, tail(body), suffix);
}

const SAVE = fileScript(
  'bash',
  `path=$1 piece=$2
err=$(mkdir -p -- "\${path%/*}" 2>&1) || deny "$path" "$err"
if [[ $piece == 0 ]]; then
  err=$( { cat >"$path"; } 2>&1 ) || deny "$path" "$err"
else
  err=$( { cat >>"$path"; } 2>&1 ) || deny "$path" "$err"
fi
`,
);

async function save(
  sandbox: Sandbox,
  toolUseId: string,
  pieces: AsyncIterable<Uint8Array>,
  watch: Watch,
): Promise<string | undefined> {
  let number = 0;
  for await (const stdin of pieces) {
    const execId = `${toolUseId}.result${number}`;
    const args = [resultFile(toolUseId), String(number)];
    await sandbox.start(execId, { script: SAVE, args, stdin, timeoutMs: SAVE_TIMEOUT_MS });
    const end = await follow(sandbox, execId, { ...watch, timeoutMs: SAVE_TIMEOUT_MS });
    if (end.state !== 'exited') return 'the sandbox was replaced meanwhile';
    if (end.code !== 0) return outputText(scriptOutput(await readLog(sandbox, execId, end.size, 1024)));
    number += 1;
  }
  return undefined;
}

function whereKept(toolUseId: string, size: number, problem: string | undefined): string {
  if (problem !== undefined)
    return `This result is too long to show (${size} bytes), and could not be kept: ${problem}.`;
  return (
    `This result is too long to show (${size} bytes). All of it is in ${resultFile(toolUseId)}: ` +
    'search it with grep, or read ranges of its lines with view_range.'
  );
}

async function* logPieces(sandbox: Sandbox, { execId, size }: WholeLog): AsyncIterable<Uint8Array> {
  for (let end = 0; end < size;) {
    const start = end;
    end = Math.min(size, start + PIECE_BYTES);
    yield await readLog(sandbox, execId, end, end - start);
  }
}

async function* bodyPieces(body: string): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(body);
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES);
}

async function logHead(sandbox: Sandbox, { execId, size }: WholeLog): Promise<string> {
  const bytes = Math.min(size, PREVIEW * 8);
  return outputText(await readLog(sandbox, execId, bytes, bytes));
}

function head(text: string): string {
  const end = isHighSurrogate(text.charCodeAt(PREVIEW - 1)) ? PREVIEW - 1 : PREVIEW;
  return text.slice(0, end);
}

function tail(text: string): string {
  const start = text.length - PREVIEW;
  return text.slice(isHighSurrogate(text.charCodeAt(start - 1)) ? start + 1 : start);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function lines(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n');
}
