import type { Readable } from 'node:stream';

/** Where commands start, and what of the file system outlives a sandbox. */
export const WORKSPACE = '/workspace';
/** Where an agent puts what it has made for the user. */
export const OUTPUTS = '/mnt/session/outputs';

/**
 * The hands' contract. Invariants every backend keeps:
 *
 * 1. `acquire` is idempotent: the same key gives the same living sandbox, or a new one over the same workspace.
 * 2. A known `execId` never runs twice, whoever asks and however often: also not after the sandbox that ran it is gone.
 * 3. `poll` reads from any offset and never consumes: two readers see the same bytes.
 * 4. Everything a backend makes carries labels, so that a reaper finds what a crash left behind.
 * 5. The only network interface inside is `lo`.
 */
export interface Sandboxes {
  readonly backend: 'docker' | 'bubblewrap';
  /** Whether this backend can run here; `why` is one line that says what is missing and how to mend it. */
  check(): Promise<{ ok: boolean; why?: string }>;
  /** Creates or finds the sandbox of `key`. The generation rises by one each time a new one replaces a lost or reclaimed one. */
  acquire(key: string, spec: SandboxSpec): Promise<Sandbox>;
  /** Removes the sandbox; with `workspace` also its files and exec records. Idempotent. */
  destroy(key: string, options?: { workspace?: boolean }): Promise<void>;
  /** Every sandbox or leftover workspace of this data directory, running or not. */
  list(): AsyncIterable<SandboxInfo>;
  /** Lets go of connections and watchers. Running commands go on. */
  close(): Promise<void>;
}

export interface SandboxInfo {
  key: string;
  running: boolean;
  generation: number;
  /** Last time a command was started or ended in it, in ms since the epoch. */
  lastUsedAt: number;
  /** Commands that are running now. */
  busy: number;
}

export interface SandboxSpec {
  /** Cores; may be a fraction. */
  cpus: number;
  memoryMb: number;
  pids: number;
  /** Upper bound of the workspace's size. */
  diskMb: number;
  /** No secret belongs here: everything in it can be read by the agent. */
  env: Record<string, string>;
  /** What it holds beside its workspace. A sandbox keeps those that it was started with. */
  mounts?: readonly Mount[];
}

/**
 * A directory of this machine that a sandbox sees. What is written there, on either side, the other side sees at once;
 * the directory itself stays in its place as long as the sandbox runs.
 */
export interface Mount {
  /** Absolute path inside. It may lie below another mount, or below the directories that outlive a sandbox. */
  at: string;
  /** Directory on this machine; the sandbox's user has to be able to read it, or to write it. */
  from: string;
  /** `read_only` is the kernel's word: nothing inside can write there. */
  access: 'read_only' | 'read_write';
}

export interface Sandbox {
  readonly key: string;
  readonly generation: number;
  /** Starts a command, or does nothing when `execId` was ever started before in this workspace. Throws SandboxLost. */
  start(execId: string, command: ExecCommand): Promise<void>;
  /** Waits up to `waitMs` for output past `offset` or for the end. Throws SandboxLost when the sandbox is gone. */
  poll(execId: string, options: PollOptions): Promise<ExecPoll>;
  /** Ends the whole process tree of a command: TERM, then KILL after a second. Resolves when none is left. Idempotent. */
  kill(execId: string, why: 'timeout' | 'interrupt'): Promise<void>;
  /** Removes a command's log; its id stays known. */
  forget(execId: string): Promise<void>;
  /** Unpacks a tar stream below `path`, owned by the sandbox's user. */
  putTar(path: string, tar: Readable): Promise<void>;
  /** Packs `path`; fails past `maxBytes`. */
  getTar(path: string, maxBytes: number): Promise<Readable>;
}

export interface ExecCommand {
  /** A bash script. Run with stdin from `stdin` or /dev/null, stdout and stderr merged in one log. */
  script: string;
  /** Positional parameters `$1`, `$2`, … of the script: values never need quoting. */
  args?: string[];
  stdin?: Uint8Array;
  /**
   * Name of a persistent shell: the command starts with the cwd, variables, functions and options that the last
   * command of that shell left, and leaves its own. Without it the command gets a fresh shell in the workspace.
   */
  shell?: string;
  /** Forget the persistent shell's state (and end what still runs in it) before this command. */
  restart?: boolean;
  timeoutMs: number;
}

export interface PollOptions {
  /** Byte offset into the command's log. */
  offset: number;
  /** 0 answers at once. */
  waitMs: number;
  /** Most bytes to return; the default is 1 MiB. */
  maxBytes?: number;
  signal?: AbortSignal;
}

export type ExecPoll = { chunk: Uint8Array; offset: number; size: number } & (
  | { state: 'running' }
  | { state: 'exited'; code: number; reason?: 'timeout' | 'interrupt' | 'memory' | 'disk' }
  // Started in a sandbox that is gone; what it had printed until then may still be in `chunk`.
  | { state: 'lost' }
  | { state: 'unknown' }
);

/** The container or process that held the sandbox is gone. The next `acquire` makes a new one over the same workspace. */
export class SandboxLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SandboxLost';
  }
}
