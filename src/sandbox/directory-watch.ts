import { watch } from 'node:fs';

export interface DirectoryWatch {
  /** Resolves at the next change since the last call, or after `ms`, or when `signal` aborts. */
  next(ms: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Watches the files of a directory whose names begin with `prefix`. */
export function watchDirectory(directory: string, prefix: string): DirectoryWatch {
  let changed = false;
  let wake: (() => void) | undefined;
  const note = () => {
    changed = true;
    wake?.();
  };
  const watcher = tryWatch(directory, (name) => name === null || name.startsWith(prefix), note);
  return {
    next: async (ms, signal) => {
      if (!changed) {
        await new Promise<void>((resolve) => {
          // Without a watcher (the machine has a limit on them) this is a poll.
          const timer = setTimeout(resolve, watcher ? ms : Math.min(ms, 15));
          signal?.addEventListener('abort', note, { once: true });
          if (signal?.aborted) resolve();
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        signal?.removeEventListener('abort', note);
      }
      changed = false;
    },
    close: () => watcher?.close(),
  };
}

function tryWatch(directory: string, isOurs: (name: string | null) => boolean, note: () => void) {
  try {
    const watcher = watch(directory, { persistent: false }, (_, name) => isOurs(name) && note());
    watcher.on('error', note);
    return watcher;
  } catch {
    return undefined;
  }
}
