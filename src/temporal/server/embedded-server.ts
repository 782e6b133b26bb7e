/** A Temporal server that answers and whose namespace is prepared. */
export interface TemporalServer {
  /** `host:port`; stays the same for as long as the data directory is used, also over the server's death. */
  readonly address: string;
  /** Undefined when it is not ours and we do not know. */
  readonly uiUrl: string | undefined;
  /** Of the process that runs now; undefined when it is not ours. */
  readonly pid: number | undefined;
  /** Called each time the server had died and answers again. */
  onRestart(listener: () => void): void;
  /** Ends it: TERM, then KILL after 5 s. Idempotent. Does nothing to a server that is not ours. */
  stop(): Promise<void>;
}
