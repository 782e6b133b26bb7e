import { glob as nodeGlob, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { runTool } from '../../src/sandbox/tools/run-tool.js';
import { onlyText, spec, unhurried, type Workbench } from './tools-workbench.js';

const files = [
  ...'a.ts b.tsx c.js .env .ts README.md x[1].txt a-b a^b a]b {x}.txt st*r back\\slash'.split(' '),
  ...'src/a.ts src/deep/b.ts src/deep/er/c.test.ts src/.hidden/d.ts src/deep/.dot.ts ü/ñ.md'.split(' '),
  ...'.github/workflows/ci.yml .git/config node_modules/pkg/index.js src/node_modules/pkg/index.ts'.split(' '),
  'two words/f.ts',
];

const patterns = [
  ...'* ** **/* *.ts **/*.ts **/*.{ts,tsx} {a,b}.* *.{js,ts{,x}} src/** src/**/*.ts src/*/*.ts ?.ts ??.ts'.split(' '),
  ...'src/**/c.test.ts [ab].ts* [!a]* [^a]* [a-b].* a[-^]b a[]]b x[[]1].txt [[:lower:]].ts back*'.split(' '),
  ...'.* **/.* .github/** **/.hidden/* src/.hidden/** ./a.ts src//a.ts {x}.txt st*r *.md **/*.md'.split(' '),
  ...'**/deep/** **/**/a.ts {src,ü}/**/* {src/deep,.github}/**/*.{ts,yml} a.ts/ node_modules/** **/index.*'.split(' '),
  ...'*?ts *.t? nothing* (a).ts a+ $ a|b ^a.ts'.split(' '),
  'two words/*',
];

const makeHay = [
  "mkdir -p hay/sub hay/.git; printf 'needle 1\\nother\\n' >hay/a.txt; printf 'x\\nNeedle 22\\n' >hay/sub/b.txt",
  "printf 'needle\\0' >hay/binary; echo needle >hay/.git/config; echo '(needle]' >hay/odd.txt",
].join('\n');
const numbered = ['/workspace/hay/a.txt:1:needle 1', '/workspace/hay/sub/b.txt:2:Needle 22'];

export function describeSearch(bench: Workbench): void {
  const bash = (command: string) => bench.text('bash', { command });
  const glob = (pattern: string, path?: string) => bench.text('glob', { pattern, path });
  const grep = (pattern: string, path?: string) => bench.text('grep', { pattern, path });

  describe('glob', () => {
    let host: string;

    beforeAll(async () => {
      host = await mkdtemp(join(tmpdir(), 'drover-glob-'));
      for (const file of files) {
        await mkdir(join(host, dirname(file)), { recursive: true });
        await writeFile(join(host, file), '');
        await bench.text('write', { file_path: `tree/${file}`, content: '' });
      }
    });

    afterAll(() => rm(host, { recursive: true, force: true }));

    // Node's own glob is what the SDK's toolset searches with.
    it.each(patterns)('%s finds what Node finds', async (pattern) => {
      const found: string[] = [];
      for await (const entry of nodeGlob(pattern, { cwd: host, withFileTypes: true, exclude: isSkipped })) {
        if (entry.isFile()) found.push(join('/workspace/tree', entry.parentPath.slice(host.length), entry.name));
      }
      const expected = [...new Set(found)].sort();
      const shown = await glob(pattern, 'tree');
      expect(shown === 'no matches' ? [] : shown.split('\n').sort()).toEqual(expected);
    });

    it.each([
      ['x\\[1\\].txt', 'x[1].txt'],
      ['\\{x\\}.txt', '{x}.txt'],
      ['st\\*r', 'st*r'],
      ['back\\\\slash', 'back\\slash'],
    ])('%s quotes with a backslash', async (pattern, name) => {
      expect(await glob(pattern, 'tree')).toBe(`/workspace/tree/${name}`);
    });

    it('? stands for a character of any length, where there is a UTF-8 locale', async () => {
      const hasLocale = (await bash('LC_ALL=C.UTF-8 bash -c : 2>&1')) === '(no output)';
      expect(await glob('ü/?.md', 'tree')).toBe(hasLocale ? '/workspace/tree/ü/ñ.md' : 'no matches');
    });

    it('skips .git even when it is asked for', async () => {
      expect(await glob('.git/*', 'tree')).toBe('no matches');
    });

    it('lists the newest first, at most 200', async () => {
      await bash('mkdir -p many; for i in {1..250}; do touch -d "@$((1700000000 + i))" many/$i; done');
      const paths = (await glob('many/*')).split('\n');
      expect(paths).toHaveLength(200);
      expect([paths[0], paths[199]]).toEqual(['/workspace/many/250', '/workspace/many/51']);
    });

    it('neither follows nor lists links', async () => {
      await bash('mkdir -p linked/real; touch linked/real/f; ln -sfn /etc linked/out; ln -sfn real/f linked/file');
      expect(await glob('linked/**')).toBe('/workspace/linked/real/f');
      expect(await glob('linked/out/*')).toBe('no matches');
    });

    it('says when there is no such directory', async () => {
      expect(await bench.error('glob', { pattern: '*', path: 'nowhere' })).toBe(
        'glob: nowhere: no such file or directory',
      );
      expect(await bench.error('glob', { pattern: '*', path: '/etc/passwd' })).toBe(
        'glob: /etc/passwd: not a directory',
      );
    });
  });

  describe('grep', () => {
    beforeAll(async () => {
      await bash(makeHay);
    });

    it('shows path, line number and line', async () => {
      expect((await grep('[Nn]eedle \\d+$', 'hay')).split('\n').sort()).toEqual(numbered);
      expect(await grep('^other$', 'hay/a.txt')).toBe('/workspace/hay/a.txt:2:other');
      expect(await grep('needle 1$', '/workspace/hay')).toBe('/workspace/hay/a.txt:1:needle 1');
    });

    it('takes the pattern as it is', async () => {
      expect(await grep('\\(needle]', 'hay')).toBe('/workspace/hay/odd.txt:1:(needle]');
      expect(await grep('-v', 'hay')).toBe('no matches');
      expect(await grep('$(touch /workspace/pwned)', 'hay')).toBe('no matches');
      expect(await bash('ls /workspace/pwned 2>&1 || true')).toContain('No such file');
    });

    it('says what it cannot do', async () => {
      expect(await grep('nowhere to be found', 'hay')).toBe('no matches');
      expect(await bench.error('grep', { pattern: 'x', path: 'nowhere' })).toBe(
        'grep: nowhere: no such file or directory',
      );
      expect(await bench.error('grep', { pattern: '(unclosed', path: 'hay' })).toMatch(/^grep: search failed: \S/);
    });

    it('shows what it found although something cannot be read', async () => {
      await bash('echo needle >hay/secret; chmod 0 hay/secret');
      expect(await grep('needle 1', 'hay')).toBe('/workspace/hay/a.txt:1:needle 1');
      expect(await grep('nowhere to be found', 'hay')).toBe('no matches');
    });

    it('stops after 100 KiB and says so', async () => {
      await bash("mkdir -p lots; yes 'a needle in a long line of hay' | head -n 10000 >lots/f");
      const text = await grep('needle', 'lots');
      expect(text.startsWith('/workspace/lots/f:1:a needle')).toBe(true);
      expect(text.endsWith('\n[output truncated at 102400 bytes]')).toBe(true);
      expect(text).toContain('(102400 bytes). All of it is in /mnt/session/tool_results/');
    });
  });

  describe('grep where there is no ripgrep', () => {
    const key = 'tools-plain';
    let plain: Sandbox;
    const ask = async (name: string, input: unknown) => {
      const result = await runTool(plain, { toolUseId: bench.newId(), name, input }, unhurried());
      return onlyText(result, result.is_error);
    };

    beforeAll(async () => {
      plain = await bench.sandboxes.acquire(key, spec);
      await ask('bash', { command: 'mkdir bin; ln -s -t bin /usr/bin/*; rm -f bin/rg' });
      await ask('bash', { command: makeHay });
      await bench.sandboxes.destroy(key);
      plain = await bench.sandboxes.acquire(key, { ...spec, env: { PATH: '/workspace/bin' } });
      expect(await ask('bash', { restart: true, command: 'type -P rg; type -P grep' })).toBe('/workspace/bin/grep');
    });

    afterAll(() => bench.sandboxes.destroy(key, { workspace: true }));

    it('shows the same lines', async () => {
      expect((await ask('grep', { pattern: '[Nn]eedle \\d+$', path: 'hay' })).split('\n').sort()).toEqual(numbered);
      expect(await ask('grep', { pattern: '^other$', path: 'hay/a.txt' })).toBe('/workspace/hay/a.txt:2:other');
      expect(await ask('grep', { pattern: '^needle$', path: 'hay' })).toBe('no matches');
      expect(await ask('grep', { pattern: '-v', path: 'hay' })).toBe('no matches');
      expect(await ask('grep', { pattern: '(unclosed', path: 'hay' })).toMatch(/^grep: search failed: \S/);
      expect(await ask('grep', { pattern: 'x', path: 'nowhere' })).toBe('grep: nowhere: no such file or directory');
    });
  });
}

function isSkipped({ name }: { name: string }): boolean {
  return name === '.git' || name === 'node_modules';
}
