import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerProcessOptions {
  program: string;
  serveArguments: string[];
  dataDir: string;
  /** It may be let go of, so our death must not be its end. */
  outlivesUs: boolean;
  /** Gets what the server says until it is ready: what a person waits for. */
  onLine: (line: string) => void;
}

/** A `drover serve` of our own. All that it says goes to `logFile`, which it can write to without us. */
export interface ServerProcess {
  readonly pid: number;
  readonly logFile: string;
  /** The server's URL; rejects when it ends before. */
  ready: Promise<string>;
  /** Rejects when it ends without having been asked to. */
  died: Promise<never>;
  /** Asks it to stop and waits until it has. Idempotent. */
  stop(): Promise<void>;
  /** Leaves it running. */
  letGo(): void;
}

export function startServerProcess(options: ServerProcessOptions): ServerProcess {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const logFile = join(options.dataDir, LOG_FILE);
  const log = openSync(logFile, 'a', 0o600);
  const readNew = createTail(logFile);
  const child = launch(options, log);
  closeSync(log);
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  let isStopping = false;
  const said: string[] = [];
  const died = gone.then((how): Promise<never> => {
    if (isStopping) return new Promise(() => {});
    said.push(...readNew());
    throw new Error([`the server ended (${how})`, ...said.slice(-LAST_WORDS), `its log: ${logFile}`].join('\n'));
  });
  // Whoever waits for it hears of it; nobody has to.
  died.catch(() => {});
  return {
    pid: child.pid ?? 0,
    logFile,
    ready: Promise.race([waitUntilReady(readNew, said, options.onLine), died]),
    died,
    async stop() {
      if (!isStopping) child.kill('SIGTERM');
      isStopping = true;
      await gone;
    },
    letGo: () => child.unref(),
  };
}

const LOG_FILE = 'quickstart.log';
const LAST_WORDS = 20;
const POLL_MS = 25;

function launch({ program, serveArguments, outlivesUs }: ServerProcessOptions, log: number): ChildProcess {
  const command = [program, 'serve', ...serveArguments];
  // In a process group of its own: a terminal's Ctrl-C is ours to pass on, once.
  if (outlivesUs) return spawn(process.execPath, command, { detached: true, stdio: ['ignore', log, log] });
  // What the launcher does for its child: when our end of the channel closes, however we die, the server stops.
  const env = { ...process.env, DROVER_LAUNCHED: '1' };
  return spawn(process.execPath, command, { detached: true, env, stdio: ['ignore', log, log, 'ipc'] });
}

async function waitUntilReady(
  readNew: () => string[],
  said: string[],
  onLine: (line: string) => void,
): Promise<string> {
  for (;;) {
    for (const line of readNew()) {
      const url = /^drover ready at (\S+)$/.exec(line)?.[1];
      if (url !== undefined) return url;
      said.push(line);
      onLine(line);
    }
    await sleep(POLL_MS, undefined, { ref: false });
  }
}

/** Each call returns the whole lines that were written to the file since the one before. */
function createTail(path: string): () => string[] {
  let offset = statSync(path).size;
  return () => {
    const added = readFileSync(path).subarray(offset);
    const end = added.lastIndexOf('\n') + 1;
    offset += end;
    return end === 0
      ? []
      : added
          .subarray(0, end - 1)
          .toString()
          .split('\n');
  };
}
