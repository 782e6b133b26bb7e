import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sourceFiles } from '../imports.js';
import { PROCESSED, SENDING, SENT } from './event-rows-in.js';
import { EMITTED, EMITTING, ERRORS, ORDER, RETRYING, STOPS } from './event-rows-out.js';
import type { EventRow } from './event-row.js';
import { titlesIn } from './test-titles.js';

const TABLES: Record<string, Record<string, EventRow>> = {
  SENT,
  SENDING,
  PROCESSED,
  EMITTED,
  EMITTING,
  STOPS,
  ORDER,
  ERRORS,
  RETRYING,
};

const rows = Object.entries(TABLES).flatMap(([table, entries]) =>
  Object.entries(entries).map(([name, row]) => ({ name: `${table}: ${name}`, row })),
);

test('every row of the contract’s events is shown by a test that there is', () => {
  const files = new Map<string, string[]>();
  const titles = (file: string): string[] => {
    const known = files.get(file) ?? titlesIn(file);
    files.set(file, known);
    return known;
  };
  const missing = rows.flatMap(({ name, row }) =>
    row.kind === 'shown'
      ? row.by.flatMap(({ file, title }) => (titles(file).includes(title) ? [] : [`${name} → ${file}: ${title}`]))
      : [],
  );
  expect(missing).toEqual([]);
  expect(rows.filter(({ row }) => row.kind === 'shown').length).toBeGreaterThan(60);
});

test('what a row calls missing from the product is not emitted by it', () => {
  const code = sourceFiles(['src/harness', 'src/model', 'activities', 'workflows'])
    .map((file) => readFileSync(join(resolve(__dirname, '../..'), file), 'utf8'))
    .join('\n');
  const isEmitted = (type: string): boolean => new RegExp(`(type: |emitError\\(\\w+, )'${type}'`).test(code);
  expect(['session.error', 'tool_use_limit_reached_error'].map(isEmitted)).toEqual([true, true]);
  const absent = Object.entries({ ...EMITTED, ...ERRORS }).filter(([, row]: [string, EventRow]) => isAbsent(row));
  expect(absent.map(([type]) => type).filter(isEmitted)).toEqual([]);
});

function isAbsent({ kind }: EventRow): boolean {
  return kind === 'later' || kind === 'never';
}

test('titles are found where tests are, and nowhere else', () => {
  const own = titlesIn('test/wire/event-rows.test.ts');
  expect(own).toHaveLength(3);
  expect(titlesIn('test/wire/suite-failures.ts')).toContain('is asked again after %s');
  expect(titlesIn('test/http/content.test.ts')).toContain('%s is taken, and echoed as it was');
});
