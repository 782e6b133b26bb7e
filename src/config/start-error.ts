/** Why something cannot start, in words for the person at the terminal: printed without a stack, exit code 1. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}

/** What the surroundings refuse is a person's to mend, and needs no stack. */
export async function orExplain<T>(what: string, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    throw new StartError(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
