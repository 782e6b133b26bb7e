import type { Figure } from './measure.js';
import { median, summarize, type Summary } from './statistics.js';
import { TARGETS, type FigureId, type Limit, type Target } from './targets.js';

/** A figure beside its target. */
export interface Verdict extends Summary {
  id: FigureId;
  what: string;
  unit: Target['unit'];
  floor: Summary | null;
  /** Of the medians. */
  ratio: number | null;
  limits: (Limit & { kept: boolean })[];
  /** Null where there is no limit to keep. */
  passed: boolean | null;
  note: string | null;
  samples: number[];
}

export function judge({ id, samples, floor, note }: Figure): Verdict {
  const { what, unit, limits }: Target = TARGETS[id];
  const summary = summarize(samples);
  const ratio = floor ? summary.p50 / median(floor) : null;
  const judged = limits.map((limit) => ({ ...limit, kept: isKept(limit, summary, floor ? median(floor) : null) }));
  return {
    id,
    what,
    unit,
    ...summary,
    floor: floor ? summarize(floor) : null,
    ratio,
    limits: judged,
    passed: judged.length === 0 ? null : judged.every(({ kept }) => kept),
    note: note ?? null,
    samples,
  };
}

/** As it is written in a table: `p50 ≤ 45 + 1.3 floors`. */
export function describeLimit({ of, atMost, atLeast, plusFloors }: Limit): string {
  const floors = plusFloors === undefined ? '' : ` + ${plusFloors} floors`;
  return atLeast === undefined ? `${of} ≤ ${atMost}${floors}` : `${of} ≥ ${atLeast}${floors}`;
}

/** Without a value to compare nothing is kept: a measure that yields nothing must not pass. */
function isKept({ of, atMost, atLeast, plusFloors = 0 }: Limit, summary: Summary, floor: number | null): boolean {
  const value = of === 'ratio' ? summary.p50 / (floor ?? NaN) : summary[of];
  const allowance = plusFloors === 0 ? 0 : plusFloors * (floor ?? NaN);
  return value <= (atMost ?? Infinity) + allowance && value >= (atLeast ?? -Infinity) + allowance;
}
