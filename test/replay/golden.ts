import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import type { temporal } from '@temporalio/proto';
import { decode, newDecoder, type Decoded } from '../../src/session/history.js';

type History = temporal.api.history.v1.IHistory;

/** A workflow as a release wrote it: the histories of its runs, and of a session the log that they hold. */
export interface Golden {
  release: string;
  name: string;
  /** As Temporal's tools write them. */
  runs: unknown[];
  log?: Decoded[];
}

const FOLDER = join(__dirname, 'golden');

/** Every one of every release. */
export function readGolden(): Golden[] {
  return readdirSync(FOLDER).flatMap((release) =>
    readdirSync(join(FOLDER, release)).map((file) => {
      // Written by `writeGolden`.
      const content = JSON.parse(readFileSync(join(FOLDER, release, file), 'utf8')) as Pick<Golden, 'runs' | 'log'>;
      return { release, name: file.replace(/\.json$/, ''), ...content };
    }),
  );
}

export function isRecorded({ release, name }: Pick<Golden, 'release' | 'name'>): boolean {
  return existsSync(pathOf(release, name));
}

export function writeGolden({ release, name, ...content }: Golden): void {
  mkdirSync(join(FOLDER, release), { recursive: true });
  writeFileSync(pathOf(release, name), `${JSON.stringify(content)}\n`);
}

function pathOf(release: string, name: string): string {
  return join(FOLDER, release, `${name}.json`);
}

export function toHistory(run: unknown): History {
  return historyFromJSON(run);
}

/** The log of a chain of runs, without its projection. Plain JSON. */
export function decodeRuns(runs: unknown[]): Decoded[] {
  const decoded = runs.flatMap((run) => {
    const decoder = newDecoder();
    return (toHistory(run).events ?? []).flatMap((event) => decode(decoder, event));
  });
  return JSON.parse(JSON.stringify(decoded));
}
