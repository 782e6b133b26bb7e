/** Things to do in the background, each by its name. */
export interface Errands {
  /** What is asked for again while it is being done is done once more afterwards. */
  ask(name: string): void;
  /** Waits for what is being done. */
  close(): Promise<void>;
}

/** `run` never rejects. */
export function createErrands(run: (name: string) => Promise<void>): Errands {
  const working = new Map<string, { isAskedAgain: boolean; done: Promise<void> }>();
  const work = async (name: string, errand: { isAskedAgain: boolean }): Promise<void> => {
    do {
      errand.isAskedAgain = false;
      await run(name);
    } while (errand.isAskedAgain);
    working.delete(name);
  };
  return {
    ask(name) {
      const known = working.get(name);
      if (known) known.isAskedAgain = true;
      if (known) return;
      const errand = { isAskedAgain: false, done: Promise.resolve() };
      working.set(name, errand);
      errand.done = work(name, errand);
    },
    async close() {
      await Promise.all([...working.values()].map(({ done }) => done));
    },
  };
}
