import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { doctor } from '../../src/bin/doctor.js';
import { cacheDirectory } from '../../src/config/cache.js';
import { VERSION } from '../../src/temporal/server/binary.js';
import { createDrover, ROOT } from '../support/drover-process.js';

const BWRAP = '/usr/bin/bwrap';
const DPKG_DEB = '/usr/bin/dpkg-deb';
const missing = [BWRAP, DPKG_DEB].filter((path) => !existsSync(path));
const asRoot = process.getuid?.() === 0;
if (missing.length > 0) console.log(`skipped: ${missing.join(' and ')} not here`);

/** A machine without Docker and without bubblewrap, whose apt knows no packages before its lists are updated. */
let machine: string;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  machine = mkdtempSync(join(tmpdir(), 'drover-fresh-'));
  const programs = join(machine, 'bin');
  mkdirSync(programs);
  for (const place of ['/usr/bin', '/usr/sbin']) {
    for (const name of readdirSync(place)) {
      if (['bwrap', 'apt-get', 'docker'].includes(name) || existsSync(join(programs, name))) continue;
      symlinkSync(join(place, name), join(programs, name));
    }
  }
  const lists = join(machine, 'lists');
  if (!asRoot) writeFileSync(lists, '');
  writeFileSync(
    join(programs, 'apt-get'),
    `#!/bin/sh\ncase $1 in update) touch ${lists} ;; download) [ -e ${lists} ] && cp ${join(machine, 'bubblewrap.deb')} . ;; esac\n`,
  );
  chmodSync(join(programs, 'apt-get'), 0o755);
  const cache = join(machine, 'cache');
  mkdirSync(cache);
  const temporal = join(cacheDirectory(process.env), `temporal-${VERSION}`);
  if (existsSync(temporal)) symlinkSync(temporal, join(cache, `temporal-${VERSION}`));
  const outer = Object.entries(process.env).filter(([name]) => !/^(DROVER|ANTHROPIC)_/.test(name));
  env = { ...Object.fromEntries(outer), PATH: programs, DROVER_CACHE: cache, DOCKER_HOST: 'tcp://127.0.0.1:1' };
});
afterAll(async () => {
  await createDrover({ dataDir: join(machine, 'data') }).remove();
  rmSync(machine, { recursive: true, force: true });
});

function makePackage(): void {
  const content = join(machine, 'package');
  mkdirSync(join(content, 'usr/bin'), { recursive: true });
  mkdirSync(join(content, 'DEBIAN'));
  cpSync(BWRAP, join(content, 'usr/bin/bwrap'));
  const control = [
    'Package: bubblewrap',
    'Version: 0',
    'Architecture: all',
    'Maintainer: nobody',
    'Description: test',
    '',
  ];
  writeFileSync(join(content, 'DEBIAN/control'), control.join('\n'));
  execFileSync(DPKG_DEB, ['-b', content, join(machine, 'bubblewrap.deb')], { stdio: 'ignore' });
}

function quickstart(): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const program = [join(ROOT, 'bin/drover.js'), 'quickstart', '--data', join(machine, 'data')];
  execFile(process.execPath, program, { env }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  return promise;
}

(missing.length === 0 ? describe : describe.skip)('a machine without Docker and bubblewrap', () => {
  test('where apt has no package: every reason, and what to install', async () => {
    const { code, stderr } = await quickstart();
    expect(code).toBe(1);
    expect(stderr).toContain('bubblewrap could not be fetched: ');
    expect(stderr).toMatch(
      /no sandbox can run here\. docker: .*bubblewrap: bwrap is missing: install the package "bubblewrap"/,
    );
  });

  test('doctor says that it will be fetched', async () => {
    const lines: string[] = [];
    expect(await doctor({ ...env, DROVER_DATA: join(machine, 'data') }, {}, (line) => lines.push(line))).toBe(true);
    expect(lines).toContain('note     bubblewrap      not installed: fetched with apt-get when it is needed');
  });

  test('the quickstart fetches the package into the cache, and runs', async () => {
    makePackage();
    const { code, stdout } = await quickstart();
    expect(stdout).toContain('fetching its package with apt-get');
    expect(stdout).toContain('check passed');
    expect(code).toBe(0);
    expect(readdirSync(join(machine, 'cache')).toSorted()).toEqual(['bubblewrap', `temporal-${VERSION}`]);
    const again = await quickstart();
    expect(again.code).toBe(0);
    expect(again.stdout).not.toContain('fetching');
  });
});
