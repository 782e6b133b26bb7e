import type { Schedule, Schedules } from '../../src/schedule/schedules.js';

/** Schedules that nobody watches, for tests of the HTTP side. */
export interface MemorySchedules {
  schedules: Schedules;
  /** What there is, by the deployment's id. */
  all: Map<string, Schedule>;
  /** From now on every call rejects with this, or none does. */
  fail(error: Error | null): void;
  /** The same of one schedule. */
  failFor(id: string, error: Error | null): void;
}

export function createMemorySchedules(): MemorySchedules {
  const all = new Map<string, Schedule>();
  const failures = new Map<string, Error | null>();
  let failure: Error | null = null;
  const reach = async <Result>(act: () => Result, id = ''): Promise<Result> => {
    const reason = failure ?? failures.get(id);
    if (reason) throw reason;
    return act();
  };
  return {
    all,
    fail: (error) => (failure = error),
    failFor: (id, error) => void failures.set(id, error),
    schedules: {
      ensure: (schedule) => reach(() => void all.set(schedule.id, schedule), schedule.id),
      remove: (id) => reach(() => void all.delete(id), id),
      list: () => reach(() => new Map([...all].map(([id, { revision }]) => [id, revision]))),
    },
  };
}
