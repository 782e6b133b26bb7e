import type { Files } from '../catalog/files/files.js';

const EVERY_MS = 60_000;

/** Removes the files that have expired, now and every minute until it is stopped. */
export function startExpiry(
  files: Pick<Files, 'removeExpired'>,
  log: (line: string) => void,
): { stop(): Promise<void> } {
  const remove = (): Promise<void> =>
    files.removeExpired().catch((error: unknown) => log(`expired files: ${String(error)}`));
  let work = remove();
  const timer = setInterval(() => {
    work = work.then(remove);
  }, EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await work;
    },
  };
}
