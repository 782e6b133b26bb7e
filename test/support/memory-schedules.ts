import type { Schedule, Schedules } from '../../src/schedule/schedules.js';

/** Schedules that nobody watches, for tests of the HTTP side. */
export interface MemorySchedules {
  schedules: Schedules;
  /** What there is, by the deployment's id. */
  all: Map<string, Schedule>;
  /** From now on every call rejects with this, or none does. */
  fail(error: Error | null): void;
}

export function createMemorySchedules(): MemorySchedules {
  const all = new Map<string, Schedule>();
  let failure: Error | null = null;
  const reach = async <Result>(act: () => Result): Promise<Result> => {
    if (failure) throw failure;
    return act();
  };
  return {
    all,
    fail: (error) => (failure = error),
    schedules: {
      ensure: (schedule) => reach(() => void all.set(schedule.id, schedule)),
      remove: (id) => reach(() => void all.delete(id)),
      list: () => reach(() => new Map([...all].map(([id, { revision }]) => [id, revision]))),
    },
  };
}
