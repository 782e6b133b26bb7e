import { setTimeout as sleep } from 'node:timers/promises';
import { createPlaces, type Places } from './places.js';
import { catchUp, publishAgain, readPage, type ReadingDeps } from './reading.js';
import type { ThreadRow } from './tables.js';

/**
 * Keeps the projection in step with Temporal's history. Invariants:
 *
 * 1. Only committed history is projected, in order, each entry once.
 * 2. An event is published after it can be listed, and once.
 * 3. A thread that nobody expects anything of is not read: being idle costs nothing.
 */
export interface Projector {
  /** Entries up to `seq` are about to be committed: they are read as soon as they are. May come early, twice, or in vain. */
  hint(thread: string, seq: number): void;
  /** Resolves once committed entries up to `seq` are projected. Rejects after ten seconds. */
  reach(thread: string, seq: number): Promise<void>;
  /** Reads to the end of what is committed now. */
  catchUp(thread: string): Promise<void>;
  /** It is read no more, though its history may still be there for a while. Resolves when nothing of it is under way. */
  end(thread: string): Promise<void>;
  /** Stops reading and waits for what is under way. */
  close(): Promise<void>;
}

export interface ProjectorDeps extends ReadingDeps {
  onError(thread: string, error: unknown): void;
}

const PATIENCE_MS = 10_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** Their histories are gone long before so many more have ended. */
const MOST_ENDED = 10_000;

export function createProjector(deps: ProjectorDeps): Projector {
  const followers = new Map<string, Follower>();
  const places = createPlaces(deps);
  const ended = new Set<string>();
  const closing = new AbortController();

  const follow = (thread: string, asked: { seq?: number; toEnd?: boolean }): Follower => {
    const known = followers.get(thread);
    const follower = known ?? newFollower();
    follower.wanted = Math.max(follower.wanted, asked.seq ?? 0);
    follower.toEnd ||= asked.toEnd ?? false;
    follower.asked += 1;
    if (known) return known;
    followers.set(thread, follower);
    follower.done = run(thread, follower);
    return follower;
  };

  const run = async (thread: string, follower: Follower): Promise<void> => {
    let pause = FIRST_RETRY_MS;
    let isOver = false;
    // Looked at here, not in `followTo`: between its end and this line somebody may have asked for more. From this look
    // to the deletion nothing is awaited, so who asks later starts anew.
    while (!closing.signal.aborted && !isOver && !isSatisfied(follower)) {
      try {
        isOver = await followTo({ ...deps, places, ended }, thread, follower, closing.signal);
        pause = FIRST_RETRY_MS;
      } catch (error) {
        places.forget(thread);
        if (closing.signal.aborted) break;
        deps.onError(thread, error);
        await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
        pause = Math.min(2 * pause, LAST_RETRY_MS);
      }
    }
    followers.delete(thread);
    release(follower, true);
  };

  return {
    hint(thread, seq) {
      if (!closing.signal.aborted) follow(thread, { seq });
    },
    async reach(thread, seq) {
      const follower = follow(thread, { seq });
      if (follower.reached >= seq) return;
      await waitFor(follower, seq, thread);
    },
    async catchUp(thread) {
      await follow(thread, { toEnd: true }).done;
    },
    async end(thread) {
      ended.add(thread);
      const [oldest] = ended;
      if (ended.size > MOST_ENDED && oldest !== undefined) ended.delete(oldest);
      await followers.get(thread)?.done;
      places.forget(thread);
    },
    async close() {
      closing.abort();
      await Promise.all([...followers.values()].map(({ done }) => done));
    },
  };
}

/** One thread being read. */
interface Follower {
  /** Last entry projected; -1 until that is known. */
  reached: number;
  wanted: number;
  /** How often something was asked of it. */
  asked: number;
  /** Read to the end of what is committed, whatever that is. */
  toEnd: boolean;
  waiters: Set<Waiter>;
  done: Promise<void>;
}

interface Waiter {
  seq: number;
  release(): void;
}

function newFollower(): Follower {
  return { reached: -1, wanted: 0, asked: 0, toEnd: false, waiters: new Set(), done: Promise.resolve() };
}

function isSatisfied({ reached, wanted, toEnd }: Follower): boolean {
  return !toEnd && reached >= wanted;
}

/** Reads until the follower is satisfied; true when there can be no more, because the thread is closed or unknown. */
async function followTo(
  deps: ProjectorDeps & { places: Places; ended: ReadonlySet<string> },
  thread: string,
  follower: Follower,
  signal: AbortSignal,
): Promise<boolean> {
  if (deps.ended.has(thread)) return true;
  const place = await deps.places.of(thread);
  if (place === undefined) return true;
  const { cursor } = place;
  const advance = (): void => {
    follower.reached = cursor.seq;
    release(follower, false);
  };
  // The database took in a page, and the connection was lost before it said so.
  if (follower.reached >= 0) await publishAgain(deps, thread, { after: follower.reached, to: cursor.seq });
  advance();
  for (;;) {
    if (deps.ended.has(thread)) return true;
    if (follower.toEnd) {
      follower.toEnd = false;
      await catchUp(deps, place, signal)
        .catch((error: unknown) => {
          // Still owed, after the pause.
          follower.toEnd = true;
          throw error;
        })
        .finally(advance);
    } else if (isSatisfied(follower) || isClosed(cursor)) {
      return isClosed(cursor);
    } else {
      const { asked } = follower;
      const events = await readPage(deps, place, signal);
      advance();
      // Nothing came in the 20 s that the server waits: the hint was in vain, but not one that came meanwhile.
      if (events === 0 && follower.asked === asked) follower.wanted = follower.reached;
    }
  }
}

function isClosed(cursor: ThreadRow): boolean {
  return cursor.token?.length === 0;
}

function release(follower: Follower, all: boolean): void {
  for (const waiter of follower.waiters) {
    if (!all && waiter.seq > follower.reached) continue;
    follower.waiters.delete(waiter);
    waiter.release();
  }
}

async function waitFor(follower: Follower, seq: number, thread: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let waiter: Waiter | undefined;
  await new Promise<void>((resolve) => {
    waiter = { seq, release: resolve };
    follower.waiters.add(waiter);
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  clearTimeout(timer);
  if (waiter) follower.waiters.delete(waiter);
  if (follower.reached < seq) throw new Error(`The log of ${thread} has not reached entry ${seq} in time.`);
}
