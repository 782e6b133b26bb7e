/**
 * A limit on what runs at once, shared fairly: a slot that comes free goes to the waiting client that holds the fewest,
 * and among equals to the one whose last turn is longest ago. Within a client it is first come, first served.
 */
export interface FairGate {
  /**
   * Runs it as soon as there is a slot, and holds the slot until it has ended. A raised signal ends the wait: it then
   * runs at once and without a slot, so it has to look at the signal itself.
   */
  run<T>(client: string, signal: AbortSignal, act: () => Promise<T>): Promise<T>;
}

export function createFairGate(slots: number): FairGate {
  /** Slots in use, by client; those that have none are not in it. */
  const held = new Map<string, number>();
  /** By client, in the order of their turns; those with nobody waiting are not in it. */
  const waiting = new Map<string, Set<() => void>>();
  let free = slots;
  const take = (client: string): void => {
    free -= 1;
    held.set(client, (held.get(client) ?? 0) + 1);
  };
  const leave = (client: string, go: () => void): void => {
    const queue = waiting.get(client);
    queue?.delete(go);
    if (queue?.size === 0) waiting.delete(client);
  };
  const admitNext = (): void => {
    const [client, go] = first(waiting, held) ?? [];
    if (client === undefined || go === undefined) return;
    const queue = waiting.get(client) ?? new Set();
    // To the end of the line.
    waiting.delete(client);
    waiting.set(client, queue);
    leave(client, go);
    take(client);
    go();
  };
  const giveBack = (client: string): void => {
    free += 1;
    const left = (held.get(client) ?? 0) - 1;
    if (left > 0) held.set(client, left);
    else held.delete(client);
    admitNext();
  };
  /** True once a slot is held, false when the wait was ended. */
  const wait = (client: string, signal: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      const giveUp = (): void => {
        leave(client, go);
        resolve(false);
      };
      const go = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(true);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.set(client, (waiting.get(client) ?? new Set()).add(go));
    });
  return {
    async run(client, signal, act) {
      if (signal.aborted) return act();
      if (free > 0) take(client);
      else if (!(await wait(client, signal))) return act();
      try {
        return await act();
      } finally {
        giveBack(client);
      }
    },
  };
}

type Waiting = ReadonlyMap<string, ReadonlySet<() => void>>;

function first(waiting: Waiting, held: ReadonlyMap<string, number>): [client: string, go: () => void] | undefined {
  let fewest = Infinity;
  let found: [string, () => void] | undefined;
  for (const [client, [go]] of waiting) {
    const holds = held.get(client) ?? 0;
    if (go === undefined || holds >= fewest) continue;
    fewest = holds;
    found = [client, go];
  }
  return found;
}
