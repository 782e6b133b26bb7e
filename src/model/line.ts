import { BrokenStream } from './failure.js';

/** One upstream request's abort signal: raised by the caller, or by silence. */
export interface Line {
  signal: AbortSignal;
  stallMs: number;
  /** Something came: the silence begins anew. */
  heard(): void;
  abort(): void;
  /** What went wrong: the silence, if that was it. */
  explain(error: unknown): unknown;
  close(): void;
}

/** A line that gives up when nothing was heard for so long. */
export function openLine(caller: AbortSignal, stallMs: number): Line {
  const controller = new AbortController();
  let stalled = false;
  const abort = (): void => controller.abort();
  const timer = setTimeout(() => {
    stalled = true;
    abort();
  }, stallMs);
  if (caller.aborted) abort();
  else caller.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    stallMs,
    heard: () => void timer.refresh(),
    abort,
    explain: (error) => (stalled ? new BrokenStream(`nothing came for ${stallMs / 1000} s`) : error),
    close: () => {
      clearTimeout(timer);
      caller.removeEventListener('abort', abort);
    },
  };
}
