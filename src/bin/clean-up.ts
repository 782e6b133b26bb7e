/** What has to be undone, in the reverse order of its doing. */
export interface CleanUp {
  add(undo: () => void | Promise<void>): void;
  /** Undoes everything, once; a step that fails does not keep the others from being taken. */
  run(): Promise<void>;
}

export function createCleanUp(onError: (error: unknown) => void): CleanUp {
  const steps: (() => void | Promise<void>)[] = [];
  return {
    add: (undo) => void steps.push(undo),
    async run() {
      for (let undo = steps.pop(); undo; undo = steps.pop()) {
        try {
          await undo();
        } catch (error) {
          onError(error);
        }
      }
    },
  };
}
