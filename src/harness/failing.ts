import type { ModelFailure } from '../model/model.js';
import { MOST_COMPACTIONS } from './crowding.js';
import { emit, type Thread, type Turn } from './state.js';
import { emitRescheduled } from './status.js';

/** What a failed request means for the turn: another try after a while, a shorter conversation, or its end. */
export function fail(thread: Thread, turn: Turn, error: ModelFailure): void {
  if (error.too_long === true) return shorten(thread, turn);
  turn.failures += 1;
  if (error.disposition === 'retry' && turn.failures < thread.state.limits.attempts) {
    emitError(thread, error.type, error.message, 'retrying');
    turn.back_off_ms = backOff(turn.failures, error, thread.ports.random());
    emitRescheduled(thread);
    return;
  }
  const terminal = error.disposition === 'terminal';
  emitError(thread, error.type, error.message, terminal ? 'terminal' : 'exhausted');
  turn.stop = terminal ? { type: 'terminal' } : { type: 'retries_exhausted' };
}

/** The conversation does not fit its model: it is compacted next, unless that has not helped. */
function shorten(thread: Thread, turn: Turn): void {
  const { context } = thread.state;
  context.refused = context.compactions < MOST_COMPACTIONS;
  if (context.refused) return;
  const message =
    `The conversation is still too long for its model after ${MOST_COMPACTIONS} compactions in a row. ` +
    'Send another message to go on.';
  emitError(thread, 'compaction_limit_reached_error', message, 'exhausted');
  turn.stop = { type: 'retries_exhausted' };
}

const FIRST_BACK_OFF_MS = 2_000;
const LONGEST_BACK_OFF_MS = 60_000;

/** Full jitter between nothing and 2 s, 4 s, 8 s … 60 s; never less than the upstream asked for. */
function backOff(failures: number, error: ModelFailure, random: number): number {
  const ceiling = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (failures - 1));
  return Math.max(error.retryAfterMs ?? 0, Math.round(ceiling * random));
}

/** Says what went wrong, and whether it is tried again. */
export function emitError(thread: Thread, type: string, message: string, retryStatus: string): void {
  emit(thread, { type: 'session.error', error: { type, message, retry_status: { type: retryStatus } } });
}
