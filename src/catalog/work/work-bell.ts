/** Tells pollers of this process that there is work: nobody looks again and again. */
export interface WorkBell {
  ring(environmentId: string): void;
  /** From this call on no ring is missed. */
  listen(environmentId: string): WorkListener;
}

export interface WorkListener {
  /** Resolves at the first ring since `listen`, or after so many milliseconds, or when the signal is raised. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  stop(): void;
}

export function createWorkBell(): WorkBell {
  const listeners = new Map<string, Set<() => void>>();
  return {
    ring(environmentId) {
      for (const wake of listeners.get(environmentId) ?? []) wake();
    },
    listen(environmentId) {
      const rung = Promise.withResolvers<void>();
      const own = listeners.get(environmentId) ?? new Set();
      listeners.set(environmentId, own.add(rung.resolve));
      return {
        async wait(ms, signal) {
          const timer = setTimeout(rung.resolve, ms);
          signal.addEventListener('abort', () => rung.resolve(), { once: true });
          if (signal.aborted) rung.resolve();
          await rung.promise;
          clearTimeout(timer);
        },
        stop() {
          own.delete(rung.resolve);
          if (own.size === 0 && listeners.get(environmentId) === own) listeners.delete(environmentId);
        },
      };
    },
  };
}
