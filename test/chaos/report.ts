/** Prints a duration for whoever reads the test's output, and gives it back. */
export function report(what: string, ms: number): number {
  process.stdout.write(`  ${what} ${Math.round(ms)} ms\n`);
  return ms;
}
