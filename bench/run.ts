import { openLab, type Lab } from './lab.js';
import { currentLoad, describeSetting } from './machine.js';
import type { Figure, Skipped } from './measure.js';
import { MEASURES } from './measures/measures.js';
import { readOptions, USAGE, type Options } from './options.js';
import { format, writeReport, type Report } from './report.js';
import { judge } from './verdict.js';

/** `npm run bench`: measures Drover from outside, beside its floor. Exits 0 also when a target is missed: it tells, it does not gate. */
async function main(options: Options): Promise<void> {
  const load = currentLoad();
  const begun = performance.now();
  const lab = await openLab(options);
  // What is measured lives in processes of its own; they end with us however we end.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void lab.close().finally(() => process.exit(1)));
  }
  try {
    const results = await measureAll(lab, options);
    const report: Report = {
      at: new Date().toISOString(),
      isQuick: options.isQuick,
      longTurns: options.longTurns,
      seconds: (performance.now() - begun) / 1000,
      setting: describeSetting(load, lab.temporalBinary()),
      figures: results.flatMap((result) => ('skipped' in result ? [] : [judge(result)])),
      skipped: results.flatMap((result) => ('skipped' in result ? [result] : [])),
    };
    console.log(`\n${format(report)}\n${writeReport(report, options)}`);
  } finally {
    await lab.close();
  }
}

async function measureAll(lab: Lab, { only }: Options): Promise<(Figure | Skipped)[]> {
  const results: (Figure | Skipped)[] = [];
  for (const measure of MEASURES) {
    const asked = measure.figures.filter((id) => only.includes(id));
    if (asked.length === 0) continue;
    console.error(`measuring ${asked.join(', ')}`);
    results.push(...(await measure.run(lab)).filter(({ id }) => asked.includes(id)));
  }
  return results;
}

function start(): void {
  try {
    const options = readOptions(process.argv.slice(2));
    main(options).catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  } catch (error) {
    console.error(`${String(error)}\n${USAGE}`);
    process.exitCode = 2;
  }
}

start();
