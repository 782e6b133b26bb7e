/** One line of the report. `missing` keeps the server from doing its job; `note` does not. */
export interface Finding {
  state: 'ok' | 'note' | 'missing';
  what: string;
  found: string;
  /** What to do about it. */
  mend?: string;
}
