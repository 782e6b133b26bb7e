import type { Readable } from 'node:stream';

/** The bytes of files by their SHA-256, wherever they are kept: the same bytes twice are kept once. */
export interface FileContents {
  /** Takes in bytes until they end. Nobody can read them before the draft is kept; when they fail, nothing is left of them. */
  receive(bytes: AsyncIterable<Uint8Array>): Promise<Draft>;
  /** From the first byte on; rejects when nothing has that hash. What is removed meanwhile can be read to its end. */
  read(hash: string): Promise<Readable>;
  /** Idempotent. */
  remove(hash: string): Promise<void>;
  /** Removes what a process that died has left: drafts, and every content that `findWanted` does not give back. For the time before the first `receive`. */
  sweep(findWanted: (hashes: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void>;
}

/** Bytes that have come in whole and wait to be kept or discarded. */
export interface Draft {
  /** SHA-256 in hex. */
  hash: string;
  size: number;
  /** From the first byte on, before it is kept or discarded. */
  read(): Promise<Readable>;
  /** Safe from crashes when it resolves. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}
