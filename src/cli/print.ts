import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const WIDTH = 10;

/** A labelled paragraph on stdout; its further lines stand below the first. Coloured on a terminal only. */
export function say(label: string, text: string, style: Style = 'bold'): void {
  const [first = '', ...rest] = text.split('\n');
  console.log([`${styled(style, label.padEnd(WIDTH))}${first}`, ...rest.map(indent)].join('\n'));
}

/** The same, for what is only of interest when something is slow or wrong. */
export function sayDim(label: string, text: string): void {
  console.log(styled('dim', `${label.padEnd(WIDTH)}${text}`));
}

/** Lines below the last paragraph, behind a bar; `style` is the bar's. */
export function sayOutput(lines: string[], style: Style): void {
  for (const line of lines) console.log(`${' '.repeat(WIDTH)}${styled(style, '│')} ${line}`);
  console.log();
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** The first lines of a text, each cut to a terminal's width, and how many were left out. */
export function shorten(text: string, mostLines: number): string[] {
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, mostLines).map((line) => (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line));
  return lines.length > mostLines ? [...shown, `… ${lines.length - mostLines} more lines`] : shown;
}

const LONGEST = 100;

function indent(line: string): string {
  return line === '' ? '' : `${' '.repeat(WIDTH)}${line}`;
}

function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
