import type { KeptSchedule, Schedule, Schedules } from '../../src/schedule/schedules.js';

/** Schedules that nobody watches, for tests of the HTTP side. */
export interface MemorySchedules {
  schedules: Schedules;
  /** What there is, by the deployment's id. */
  all: Map<string, Schedule>;
  /** Those that name no store, by id. */
  unnamed: Set<string>;
  /** From now on every call rejects with this, or none does. */
  fail(error: Error | null): void;
  /** The same of one schedule. */
  failFor(id: string, error: Error | null): void;
}

export function createMemorySchedules(): MemorySchedules {
  const all = new Map<string, Schedule>();
  const unnamed = new Set<string>();
  const failures = new Map<string, Error | null>();
  let failure: Error | null = null;
  const reach = async <Result>(act: () => Result, id = ''): Promise<Result> => {
    const reason = failure ?? failures.get(id);
    if (reason) throw reason;
    return act();
  };
  const keptOf = ({ id, revision }: Schedule): KeptSchedule =>
    unnamed.has(id) ? { revision: undefined, isOurs: false } : { revision, isOurs: true };
  return {
    all,
    unnamed,
    fail: (error) => (failure = error),
    failFor: (id, error) => void failures.set(id, error),
    schedules: {
      ensure: (schedule) =>
        reach(() => {
          all.set(schedule.id, schedule);
          unnamed.delete(schedule.id);
        }, schedule.id),
      remove: (id) => reach(() => void all.delete(id), id),
      list: () => reach(() => new Map([...all].map(([id, schedule]) => [id, keptOf(schedule)]))),
    },
  };
}
