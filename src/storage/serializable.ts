import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { ApiError } from '../api-error.js';
import { isConflict, isDuplicate } from './postgres-failure.js';

/**
 * Makes transactions what they are on SQLite, where one runs after the other: what was read in one holds until it is
 * committed. Postgres ends one of two that do not go together, and that one is run again, callback and all: so a callback
 * changes nothing but rows. One that names another isolation level is left to itself.
 */
export function serializeTransactions<Tables>(db: Kysely<Tables>): Kysely<Tables> {
  const transaction = db.transaction.bind(db);
  const inTurn = createQueue();
  db.transaction = () => {
    const builder = transaction().setIsolationLevel('serializable');
    const execute = builder.execute.bind(builder);
    builder.execute = (callback) => repeat(() => execute(callback), inTurn);
    return builder;
  };
  return db;
}

type Queue = <Result>(act: () => Promise<Result>) => Promise<Result>;

/** One at a time: of thirty that meet, the losers do not meet again. */
function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const turn = last.then(act);
    last = turn.catch(() => {});
    return turn;
  };
}

/** Bounds what other processes can do to it. */
const ATTEMPTS = 16;
/** Where it is not a conflict, it is the same at the second attempt. */
const ATTEMPTS_AT_DUPLICATES = 2;
const LONGEST_PAUSE_MS = 200;

async function repeat<Result>(attempt: () => Promise<Result>, inTurn: Queue): Promise<Result> {
  for (let failed = 0; ;) {
    try {
      return await (failed === 0 ? attempt() : inTurn(attempt));
    } catch (error) {
      failed += 1;
      if (!isConflict(error) && !isDuplicate(error)) throw error;
      if (isDuplicate(error) && failed >= ATTEMPTS_AT_DUPLICATES) throw error;
      if (failed >= ATTEMPTS) throw tooBusy();
      if (failed > 1) await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, 2 ** (failed + 2)));
    }
  }
}

function tooBusy(): ApiError {
  return new ApiError('unavailable_error', 'Too many requests change the same at once. Nothing was changed.', {
    retryAfter: 1,
  });
}
