/** A test, by the file it is written in and its title there, placeholders and all. */
export interface Shown {
  file: string;
  title: string;
}

/** What of a row of the contract can be seen here. */
export type EventRow =
  | { kind: 'shown'; by: [Shown, ...Shown[]] }
  /** The part of the product that it belongs to is not there: the server neither takes nor emits it. */
  | { kind: 'later'; part: string }
  /** The contract allows it, and this server has no occasion for it. */
  | { kind: 'never'; why: string };

export const shown = (...by: [Shown, ...Shown[]]): EventRow => ({ kind: 'shown', by });
export const later = (part: string): EventRow => ({ kind: 'later', part });
export const never = (why: string): EventRow => ({ kind: 'never', why });

/** Tests of the same file. */
export const testsIn =
  (file: string) =>
  (title: string): Shown => ({ file: `test/${file}.ts`, title });
