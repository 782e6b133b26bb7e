import { parseArgs } from 'node:util';
import type { LabOptions } from './lab.js';
import { TARGETS, type FigureId } from './targets.js';

export interface Options extends LabOptions {
  /** The figures that are asked for. */
  only: FigureId[];
  /** The folder for results. */
  out: string;
}

const LONG_TURNS = 2_000;
const QUICK_TURNS = 40;
const SHORTEST = 100;

export const USAGE = `npm run bench -- [--only text,ack,…] [--quick] [--turns 2000] [--out bench/results]
figures: ${Object.keys(TARGETS).join(', ')}`;

/** Reads the command line; throws with what is wrong about it. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      turns: { type: 'string' },
      out: { type: 'string', default: 'bench/results' },
    },
  });
  const turns = values.turns === undefined ? undefined : readTurns(values.turns);
  return {
    isQuick: values.quick,
    longTurns: turns ?? (values.quick ? QUICK_TURNS : LONG_TURNS),
    only: (values.only?.split(',') ?? Object.keys(TARGETS)).map(readFigure),
    out: values.out,
  };
}

function readTurns(value: string): number {
  const turns = Number(value);
  if (!Number.isInteger(turns) || turns < SHORTEST) throw new Error(`--turns: a whole number from ${SHORTEST}`);
  return turns;
}

function readFigure(name: string): FigureId {
  if (!Object.hasOwn(TARGETS, name)) throw new Error(`--only: there is no figure ${name}`);
  // A key of the table, as was just seen.
  return name as FigureId;
}
