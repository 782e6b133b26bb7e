/** Who brings events to endpoints. May be told too early, too often, and in vain. */
export interface Courier {
  /** An endpoint was made, changed or deleted. Once it resolves, what happens from then on is not missed. */
  endpointsChanged(): Promise<void>;
  /** Something is in the outbox, or will be once the transaction at work is committed. */
  outboxFilled(): void;
}
