import { Context } from '@temporalio/activity';

const BEAT_MS = 1_000;

/** Says from time to time that this attempt lives. */
export async function beating<T>(act: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await act();
  } finally {
    clearInterval(beat);
  }
}
