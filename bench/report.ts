import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting } from './machine.js';
import type { Skipped } from './measure.js';
import type { Options } from './options.js';
import { describeLimit, type Verdict } from './verdict.js';

/** All that a run came to; a results file holds one. */
export interface Report {
  at: string;
  /** A quick run has too few samples to be compared with anything. */
  isQuick: boolean;
  longTurns: number;
  seconds: number;
  setting: Setting;
  figures: Verdict[];
  skipped: Skipped[];
}

/** Writes the report to `<out>/<date>.json`; returns the path. */
export function writeReport(report: Report, { out }: Pick<Options, 'out'>): string {
  mkdirSync(out, { recursive: true });
  const path = join(out, `${report.at.replace(/\.\d+Z$/, 'Z').replaceAll(':', '-')}.json`);
  writeFileSync(path, `${JSON.stringify(report, roundNumbers, 2)}\n`);
  return path;
}

/** The report as a person reads it. */
export function format({ setting, figures, skipped, isQuick, seconds }: Report): string {
  const { cpu, cores, memoryGb, kernel, load, node, drover, source, sdk, temporal } = setting;
  return [
    `${cpu}, ${cores} cores, ${memoryGb} GB, ${kernel}; load before: ${load}`,
    `drover ${drover} (${source}), node ${node}, SDK ${sdk}, ${temporal ?? 'Temporal unknown'}`,
    '',
    ...table([HEAD, ...figures.map(row)]),
    ...skipped.map(({ id, skipped: why }) => `not measured: ${id} (${why})`),
    ...figures.flatMap(({ id, note }) => (note === null ? [] : [`${id}: ${note}`])),
    `${Math.round(seconds)} s${isQuick ? '; a quick run, too few samples to compare' : ''}`,
  ].join('\n');
}

const HEAD = ['what', 'unit', 'n', 'p50', 'p95', 'max', 'floor', 'ratio', 'target', ''];

function row({ what, unit, n, p50, p95, max, floor, ratio, limits, passed }: Verdict): string[] {
  return [
    what,
    unit,
    String(n),
    ...[p50, p95, max].map(short),
    floor === null ? '-' : short(floor.p50),
    ratio === null ? '-' : ratio.toFixed(2),
    limits.map((limit) => describeLimit(limit) + (limit.kept ? '' : ' ✗')).join(', ') || '-',
    passed === null ? '' : passed ? 'pass' : 'MISS',
  ];
}

function short(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}

function table(rows: string[][]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function roundNumbers(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value;
}
