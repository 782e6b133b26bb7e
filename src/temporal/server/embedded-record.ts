import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/**
 * What is remembered of the embedded server in `<data>/temporal.json`: its ports for good, so that clients find it
 * again after a restart, and its process while there is one.
 */
export type ServerRecord = z.infer<typeof recordSchema>;

export interface Ports {
  port: number;
  uiPort: number;
}

/** The record, or undefined when there is none that can be read. */
export function readRecord(dataDir: string): ServerRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(join(dataDir, FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

export function writeRecord(dataDir: string, record: ServerRecord): void {
  const draft = join(dataDir, `${FILE}.draft`);
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  renameSync(draft, join(dataDir, FILE));
}

/** What was started, to be compared with what would be started now. */
export function commandOf(binary: string, args: string[]): string {
  return [binary, ...args].join(' ');
}

const FILE = 'temporal.json';

const recordSchema = z.object({
  port: z.number(),
  uiPort: z.number(),
  // `starting`: it was about to be spawned; whether it was, only a search through the processes tells.
  process: z.union([
    z.object({ pid: z.number(), startTime: z.string(), command: z.string() }),
    z.literal('starting'),
    z.null(),
  ]),
});
