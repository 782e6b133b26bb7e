import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { resolve } from 'node:path';

/** What the figures were measured on, and of what. */
export interface Setting {
  cpu: string;
  cores: number;
  memoryGb: number;
  kernel: string;
  /** Of the last minute, before the bench began: what else the machine was doing. */
  load: number;
  node: string;
  drover: string;
  /** The commit, and whether there was more than it. */
  source: string;
  sdk: string;
  temporal: string | null;
}

const ROOT = resolve(__dirname, '../..');

/** `load` has to be read before the bench makes its own; `temporalBinary` is the server's. */
export function describeSetting(load: number, temporalBinary: string | null): Setting {
  const { model = 'unknown' } = cpus()[0] ?? {};
  return {
    cpu: model.trim(),
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: `${type()} ${release()}`,
    load: Math.round(load * 100) / 100,
    node: process.versions.node,
    drover: versionIn(ROOT),
    source: source(),
    sdk: versionIn(resolve(ROOT, 'node_modules/@anthropic-ai/sdk')),
    temporal: temporalBinary === null ? null : output(temporalBinary, '--version'),
  };
}

export function currentLoad(): number {
  return loadavg()[0] ?? NaN;
}

function versionIn(directory: string): string {
  // Every package's manifest has a version.
  return (JSON.parse(readFileSync(resolve(directory, 'package.json'), 'utf8')) as { version: string }).version;
}

function source(): string {
  const commit = output('git', '-C', ROOT, 'rev-parse', '--short=12', 'HEAD');
  if (commit === null) return 'unknown';
  return output('git', '-C', ROOT, 'status', '--porcelain', '--untracked-files=no') === ''
    ? commit
    : `${commit} and changes`;
}

function output(command: string, ...args: string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
