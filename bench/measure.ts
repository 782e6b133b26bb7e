import type { Lab } from './lab.js';
import type { FigureId } from './targets.js';

/** One measured thing. Its unit is its target's. */
export interface Figure {
  id: FigureId;
  samples: number[];
  /** The same of the floor, taken in turns with the samples. */
  floor?: number[];
  /** What a reader has to know beside the numbers. */
  note?: string;
}

/** Why there is no such figure here. */
export interface Skipped {
  id: FigureId;
  skipped: string;
}

export interface Measure {
  figures: FigureId[];
  run(lab: Lab): Promise<(Figure | Skipped)[]>;
}

/** Calls all in turn, `count` times: noise of the machine hits each of them alike. */
export async function takeTurns(count: number, ...all: (() => Promise<unknown>)[]): Promise<void> {
  for (let round = 0; round < count; round += 1) for (const one of all) await one();
}
