import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataDirectory } from '../../src/bin/data-directory.js';
import { doctor } from '../../src/bin/doctor.js';
import type { Flags } from '../../src/config/config.js';
import { VERSION } from '../../src/temporal/server/binary.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'drover-doctor-'));
  mkdirSync(join(root, 'cache'));
  writeFileSync(join(root, 'cache', `temporal-${VERSION}`), '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function examine(env: NodeJS.ProcessEnv, flags: Flags = {}) {
  const lines: string[] = [];
  const base = { PATH: '', DROVER_CACHE: join(root, 'cache'), DROVER_DATA: join(root, 'data') };
  const fit = await doctor({ ...base, ...env }, flags, (line) => lines.push(line));
  const about = (what: string) => lines.find((line) => line.slice(9).startsWith(what));
  return { fit, about, last: lines.at(-1) };
}

test('one line for each part', async () => {
  const { about } = await examine({});
  expect(about('Node')).toMatch(/^ok +Node +\d+\.\d+\.\d+$/);
  expect(about('Temporal')).toBe(
    `ok       Temporal        ${VERSION} from the cache, ${root}/cache/temporal-${VERSION}`,
  );
  expect(about('Docker')).toBeDefined();
  expect(about('bubblewrap')).toBeDefined();
  expect(about('Model')).toMatch(/^note .*a script plays the model\n +mend: for a real model set ANTHROPIC_API_KEY/);
  expect(about('Data directory')).toBe(`ok       Data directory  ${root}/data (made at first start)`);
  expect(about('Disk')).toMatch(/GiB free/);
});

test('P4: a key is not shown', async () => {
  const { about } = await examine({ ANTHROPIC_API_KEY: 'sk-secret' });
  expect(about('Model')).toBe('ok       Model           the hosted API, with a key');
});

test('a fault in the configuration is shown as it is', async () => {
  const { fit, about, last } = await examine({ DROVER_SANDBOX: 'foo', DROVER_PORT: 'x' });
  expect(fit).toBe(false);
  expect(about('Configuration')).toMatch(/DROVER_PORT: must be/);
  expect(last).toBe('drover cannot run here: Configuration, Configuration');
});

test('no Temporal, and no pip to fetch it with', async () => {
  const { fit, about, last } = await examine({ DROVER_CACHE: join(root, 'empty') });
  expect(fit).toBe(false);
  expect(about('Temporal')).toMatch(/^missing .*not found\n +mend: put `temporal`/);
  expect(last).toContain('Temporal');
});

test('an old Temporal is named, and pip would fetch another', async () => {
  const old = join(root, 'temporal');
  writeFileSync(old, '#!/bin/sh\necho temporal version 1.5.0\n');
  writeFileSync(join(root, 'python3'), '#!/bin/sh\n');
  chmodSync(old, 0o755);
  chmodSync(join(root, 'python3'), 0o755);
  const { about } = await examine({ DROVER_CACHE: join(root, 'empty'), PATH: root });
  expect(about('Temporal')).toMatch(/^note .*fetched at first start.*it is 1\.5\.0/);
});

test('a Temporal address that does not answer', async () => {
  const { fit, about } = await examine({}, { temporalAddress: '127.0.0.1:1' });
  expect(fit).toBe(false);
  expect(about('Temporal')).toMatch(/^missing .*nothing answers at 127\.0\.0\.1:1/);
});

test('a directory that is served already', async () => {
  const directory = openDataDirectory(join(root, 'data'));
  directory.announce('http://127.0.0.1:4711');
  const { about } = await examine({});
  expect(about('Data directory')).toContain(`in use by a running drover (pid ${process.pid}) at http://127.0.0.1:4711`);
  directory.close();
});

test('a directory that cannot be made', async () => {
  writeFileSync(join(root, 'file'), '');
  const { fit, about } = await examine({ DROVER_DATA: join(root, 'file', 'data') });
  expect(fit).toBe(false);
  expect(about('Data directory')).toMatch(/^missing .*cannot be written/);
});

test('the sandbox that is asked for must work; with auto one of them is enough', async () => {
  const engine = process.env['DOCKER_HOST'];
  process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1';
  const { fit, about } = await examine({ DROVER_SANDBOX: 'docker' });
  const auto = await examine({});
  if (engine === undefined) delete process.env['DOCKER_HOST'];
  else process.env['DOCKER_HOST'] = engine;
  expect(fit).toBe(false);
  expect(about('Docker')).toMatch(/^missing .*no Docker engine answers/);
  expect(about('bubblewrap')).not.toMatch(/^missing/);
  expect(auto.about('Docker')).toMatch(auto.about('bubblewrap')?.startsWith('ok') ? /^note/ : /^missing/);
});
