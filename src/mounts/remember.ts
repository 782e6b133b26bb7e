/** What stays the same for as long as a session lives, read once for each. */
export interface Remembered<Value> {
  readonly of: (sessionId: string) => Promise<Value>;
  readonly forget: (sessionId: string) => void;
}

/**
 * For what is asked for before and after every command, where mostly there is nothing. A read that fails is made again;
 * sessions that were not used for long are forgotten.
 */
export function remember<Value>(read: (sessionId: string) => Promise<Value>, most = 1_000): Remembered<Value> {
  const known = new Map<string, Promise<Value>>();
  return {
    of: (sessionId) => {
      const value = known.get(sessionId) ?? read(sessionId);
      // The one that was used last is the last to go.
      known.delete(sessionId);
      known.set(sessionId, value);
      value.catch(() => known.delete(sessionId));
      for (const oldest of known.keys()) if (known.size > most) known.delete(oldest);
      return value;
    },
    forget: (sessionId) => void known.delete(sessionId),
  };
}
