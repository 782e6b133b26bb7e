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
  /** From now on nothing gets a slot: as the worker stops, what ends must not make room for what is about to be ended. */
  close(): void;
}

export function createFairGate(slots: number): FairGate {
  const line = createLine();
  /** Slots in use, by client; those that have none are not in it. */
  const held = new Map<string, number>();
  let free = slots;
  let isOpen = true;
  const take = (client: string): void => {
    free -= 1;
    held.set(client, (held.get(client) ?? 0) + 1);
  };
  const giveBack = (client: string): void => {
    free += 1;
    const left = (held.get(client) ?? 0) - 1;
    if (left > 0) held.set(client, left);
    else held.delete(client);
    const next = isOpen ? line.next(held) : undefined;
    if (next === undefined) return;
    take(next.client);
    next.go();
  };
  /** True once a slot is held, false when the wait was ended. */
  const wait = (client: string, signal: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      const giveUp = (): void => {
        line.leave(client, go);
        resolve(false);
      };
      const go = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(true);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      line.join(client, go);
    });
  return {
    async run(client, signal, act) {
      if (signal.aborted) return act();
      if (free > 0 && isOpen) take(client);
      else if (!(await wait(client, signal))) return act();
      try {
        return await act();
      } finally {
        giveBack(client);
      }
    },
    close() {
      isOpen = false;
    },
  };
}

type Go = () => void;

interface Line {
  join(client: string, go: Go): void;
  leave(client: string, go: Go): void;
  /** Takes out whose turn it is, and sends its client to the end. */
  next(held: ReadonlyMap<string, number>): { client: string; go: Go } | undefined;
}

function createLine(): Line {
  /** In the order of the clients' turns; those with nobody waiting are not in it. */
  const waiting = new Map<string, Set<Go>>();
  return {
    join: (client, go) => void waiting.set(client, (waiting.get(client) ?? new Set()).add(go)),
    leave(client, go) {
      const queue = waiting.get(client);
      queue?.delete(go);
      if (queue?.size === 0) waiting.delete(client);
    },
    next(held) {
      const holds = (client: string): number => held.get(client) ?? 0;
      let chosen: [client: string, queue: Set<Go>] | undefined;
      for (const one of waiting) {
        if (chosen === undefined || holds(one[0]) < holds(chosen[0])) chosen = one;
      }
      if (chosen === undefined) return undefined;
      const [client, queue] = chosen;
      const [go] = queue;
      waiting.delete(client);
      if (go === undefined) return undefined;
      queue.delete(go);
      if (queue.size > 0) waiting.set(client, queue);
      return { client, go };
    },
  };
}
