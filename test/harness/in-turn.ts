import { receive } from '../../src/harness/inputs.js';
import { NO_USAGE, type SampleResult } from '../../src/harness/activity-results.js';
import type { Limits } from '../../src/harness/state.js';
import { beginSample, beginTurn, endSample } from '../../src/harness/turn.js';
import type { EventHead } from '../../src/session/journal.js';
import { openThread, reply, toBlock, type Block, type TestThread } from './play.js';
import { message } from './said.js';

/** A thread whose turn has just begun. */
export function inTurn(limits: Partial<Limits> = {}): TestThread {
  const thread = openThread({}, limits);
  receive(thread, 'first', [message(thread)]);
  beginTurn(thread);
  return thread;
}

/** One model request with its result; the events that it wrote. */
export function ask(thread: TestThread, result: SampleResult): EventHead[] {
  const before = thread.entries.length;
  endSample(thread, beginSample(thread), `model_${thread.state.seq}`, result);
  return eventsSince(thread, before);
}

/** The events behind the first `before` entries. */
export function eventsSince(thread: TestThread, before: number): EventHead[] {
  return thread.entries.slice(before).flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []));
}

/** A reply with this stop reason. */
export function said(stop: string, ...blocks: Block[]): SampleResult {
  return reply(blocks.map(toBlock), stop);
}

/** A failed request. */
export function fault(disposition: 'retry' | 'exhausted' | 'terminal', retryAfterMs?: number): SampleResult {
  const wish = retryAfterMs === undefined ? {} : { retryAfterMs };
  const error = { type: 'model_rate_limited_error', message: 'slow down', disposition, ...wish } as const;
  return { type: 'failed', error, usage: NO_USAGE };
}
