import { closeSync, copyFileSync, openSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

const MAX_BYTES = 8 * 1024 * 1024;
const CHECK_MS = 30_000;

/** Opens `<data>/temporal.log` for appending. The server writes to the file itself: a pipe would break when we die before it. */
export function openServerLog(dataDir: string): { path: string; fd: number; close(): void } {
  const path = join(dataDir, 'temporal.log');
  const fd = openSync(path, 'a', 0o600);
  return { path, fd, close: () => closeSync(fd) };
}

/** Keeps the log below 8 MiB, and as much of what came before in `temporal.log.1`. Returns how to stop. */
export function boundServerLog(dataDir: string, maxBytes = MAX_BYTES, checkMs = CHECK_MS): () => void {
  const path = join(dataDir, 'temporal.log');
  cut(path, maxBytes);
  const timer = setInterval(() => cut(path, maxBytes), checkMs).unref();
  return () => clearInterval(timer);
}

// The server appends, so after the cut it goes on at the file's new end.
function cut(path: string, maxBytes: number): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}
