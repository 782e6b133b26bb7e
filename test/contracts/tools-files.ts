import * as fc from 'fast-check';
import { patience } from '../support/patience.js';
import type { Workbench } from './tools-workbench.js';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

// What shells, regular expressions and replacement patterns would trip over.
const nasty = fc.constantFrom(
  ...'a b ab $& $1 $(x) ${y} `z` \\ \\n & * ? [a] [ ] # % / // " \' ! ^ ~ {a,b} | ; - -- é 🐂'.split(' '),
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\u{FEFF}',
  '\x1e',
  '\x01',
  '\x7f',
);

export function describeFiles(bench: Workbench): void {
  const bash = (command: string) => bench.text('bash', { command });
  const read = (file_path: string, view_range?: number[]) => bench.text('read', { file_path, view_range });
  const write = (file_path: string, content: string) => bench.text('write', { file_path, content });
  const edit = (file_path: string, old_string: string, new_string: string, replace_all = false) =>
    bench.text('edit', { file_path, old_string, new_string, replace_all });

  const writeError = (file_path: string) => bench.error('write', { file_path, content: 'x' });
  const readError = (file_path: string, view_range?: number[]) => bench.error('read', { file_path, view_range });
  const editError = (file_path: string, old_string: string) =>
    bench.error('edit', { file_path, old_string, new_string: 'x' });

  describe('write', () => {
    it('makes directories, counts bytes, replaces', async () => {
      expect(await write('new/dir/file.txt', 'zwölf\n')).toBe('wrote 7 bytes to new/dir/file.txt');
      expect(await write('/workspace/new/dir/file.txt', '')).toBe('wrote 0 bytes to /workspace/new/dir/file.txt');
      expect(await bash('stat -c "%s %a" new/dir/file.txt; ls -A new/dir')).toBe('0 644\nfile.txt');
    });

    it('keeps the mode of what was there', async () => {
      await write('tool.sh', 'echo 1');
      await bash('chmod 750 tool.sh');
      await write('tool.sh', 'echo 2');
      expect(await bash('stat -c %a tool.sh; ./tool.sh')).toBe('750\n2');
    });

    it.each(["it's", '-n', 'a b', '$HOME', '*', 'new\nline', 'ü🐂', '"', '\\'])(
      'takes the name %j as it is',
      async (name) => {
        const path = `names/${name}`;
        await write(path, name);
        expect(await read(path)).toBe(name);
      },
    );

    it('says what is in the way, and leaves nothing behind', async () => {
      await bash('mkdir -p taken && mkfifo -m 600 pipe 2>/dev/null; touch plain; mkdir -p locked; chmod 500 locked');
      expect(await writeError('taken')).toBe('write: taken: is a directory');
      expect(await writeError('nowhere/')).toBe('write: nowhere/: is a directory');
      expect(await writeError('pipe')).toBe('write: pipe is not a regular file');
      expect(await writeError('plain/below')).toBe('write: plain/below: not a directory');
      expect(await writeError('locked/file')).toBe('write: locked/file: permission denied');
      expect(await writeError('/proc/nothing')).toMatch(/^write: \/proc\/nothing: /);
      expect(await writeError(`long/${'n'.repeat(300)}`)).toMatch(/^write: long\/n+: file name too long$/);
      expect(await bash('find . -name ".tmp-*"; ls -A long taken')).toBe('long:\n\ntaken:');
    });

    it('follows a link, also one that leads nowhere yet, and keeps it', async () => {
      await bash(
        'mkdir -p links; ln -sfn ../links-target/file links/to; ln -sfn / links/root; touch target; ln -sfn ../target links/existing',
      );
      await write('links/to', 'through');
      await write('links/existing', 'replaced');
      expect(await bash('cat links-target/file target; readlink links/to links/existing')).toBe(
        'throughreplaced../links-target/file\n../target',
      );
      expect(await bench.error('write', { file_path: 'links/root/etc/hostname', content: 'x' })).toMatch(
        /^write: links\/root\/etc\/hostname: /,
      );
    });

    it('is exact for any text', async () => {
      const property = fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (content) => {
        await write('any.txt', content);
        if (content.includes('\0')) {
          expect(await bench.error('read', { file_path: 'any.txt' })).toContain('is not UTF-8 text');
        } else {
          expect(await read('any.txt')).toBe(content || '(no output)');
        }
      });
      await fc.assert(property, { numRuns: 15 });
    });

    it('is exact for a file of one long line', async () => {
      const content = 'é🐂$&'.repeat(12_000);
      await write('long-line.txt', content);
      expect(await bash('wc -c <long-line.txt')).toBe(String(Buffer.byteLength(content)));
      expect(await bash('md5sum <long-line.txt')).toBe(
        await bash(`for i in {1..12000}; do printf 'é🐂$&'; done | md5sum`),
      );
    });
  });

  describe('read', () => {
    it.each<[string, number[] | undefined, string]>([
      ['a\nb\nc\n', undefined, 'a\nb\nc\n'],
      ['a\nb\nc\n', [], 'a\nb\nc\n'],
      ['a\nb\nc\n', [1, 2], 'a\nb'],
      ['a\nb\nc\n', [2, 2], 'b'],
      ['a\nb\nc\n', [1, 3], 'a\nb\nc'],
      ['a\nb\nc\n', [1, 4], 'a\nb\nc\n'],
      ['a\nb\nc\n', [2, 0], 'b\nc\n'],
      ['a\nb\nc\n', [2, -1], 'b\nc\n'],
      ['a\nb\nc', [3, 99], 'c'],
      ['a\nb\nc', [0, 1], 'a'],
      ['a\nb\nc', [-5, 1], 'a'],
      ['a\nb\nc', [3, 2], '(no output)'],
      ['a\nb\nc', [9, 12], '(no output)'],
      ['a\r\nb\r\n', [1, 1], 'a\r'],
      ['\n\nx', [1, 2], '\n'],
    ])('of %j, %j is %j', async (content, range, expected) => {
      await write('lines.txt', content);
      expect(await read('lines.txt', range)).toBe(expected);
    });

    it('refuses what is no file or no text', async () => {
      await bash("mkdir -p taken; mkfifo pipe 2>/dev/null; printf 'a\\377b' >latin; touch secret; chmod 0 secret");
      expect(await readError('nothing')).toBe('read: nothing: no such file or directory');
      expect(await readError('taken')).toBe('read: taken is not a regular file');
      expect(await readError('pipe')).toBe('read: pipe is not a regular file');
      expect(await readError('/dev/zero')).toBe('read: /dev/zero is not a regular file');
      expect(await readError('secret')).toBe('read: secret: permission denied');
      expect(await readError('latin')).toMatch(/^read: latin is not UTF-8 text\./);
      expect(await readError('latin', [1, 1])).toMatch(/^read: latin is not UTF-8 text\./);
    });

    it('takes 256 KiB, and lines out of more', async () => {
      await bash(
        "head -c 262144 /dev/zero | tr '\\0' y >full.txt; seq 1 1000000 >seq.txt; cp full.txt over.txt; printf y >>over.txt",
      );
      expect(await read('full.txt')).toContain('(262144 bytes). All of it is in /mnt/session/tool_results/');
      expect(await bench.error('read', { file_path: 'over.txt' })).toBe(
        'read: over.txt is 262145 bytes, exceeds 262144-byte limit. Use the view_range parameter to read specific line ranges, e.g. view_range: [1, 500].',
      );
      expect(await read('seq.txt', [500_000, 500_002])).toBe('500000\n500001\n500002');
      expect(await read('seq.txt', [999_999, 0])).toBe('999999\n1000000\n');
      expect(await bench.error('read', { file_path: 'seq.txt', view_range: [1, 0] })).toBe(
        'read: view_range [1, 0] of seq.txt exceeds 262144-byte limit. Narrow the view_range to read a smaller portion.',
      );
      expect(await bench.error('read', { file_path: 'over.txt', view_range: [1, 1] })).toMatch(
        /^read: line 1 of over.txt alone exceeds 262144-byte limit\./,
      );
    });

    it('reads files whose size the kernel does not tell', async () => {
      expect(await read('/proc/self/status')).toContain('Name:');
    });

    it('shows images and PDFs, whatever their name', async () => {
      await bash(`base64 -d <<<'${png.toString('base64')}' >pixel.txt; printf '%%PDF-1.4\\n%%...' >paper.pdf`);
      const image = {
        type: 'image',
        source: { type: 'base64', media_type: 'image/png', data: png.toString('base64') },
      };
      expect(await bench.call('read', { file_path: 'pixel.txt' })).toEqual({ content: [image], is_error: false });
      expect(await bench.call('read', { file_path: 'pixel.txt', view_range: [1, 1] })).toMatchObject({
        content: [image],
      });
      expect(await bench.call('read', { file_path: 'paper.pdf' })).toMatchObject({
        content: [{ type: 'document', title: 'paper.pdf', source: { media_type: 'application/pdf' } }],
        is_error: false,
      });
    });

    it('refuses an image that no model would take', async () => {
      await bash(
        `printf '\\211PNG\\r\\n\\032\\n\\0\\0\\0\\rIHDR\\0\\0\\237\\0\\0\\0\\0\\002\\010\\002\\0\\0\\0xxxx' >wide.png`,
      );
      await bash("printf GIF89a >short.gif; printf '\\377\\330\\377' >huge.jpg; head -c 4000000 /dev/zero >>huge.jpg");
      expect(await bench.error('read', { file_path: 'wide.png' })).toMatch(
        /^read: wide.png is 40704x2 pixels, exceeds 8000/,
      );
      expect(await bench.error('read', { file_path: 'short.gif' })).toMatch(/^read: short.gif is damaged/);
      expect(await bench.error('read', { file_path: 'huge.jpg' })).toBe(
        'read: huge.jpg is 4000003 bytes, exceeds 3932160-byte limit for images, PDFs and notebooks.',
      );
    });

    it('renders notebooks, and reads their lines as they are', async () => {
      const cells = [{ cell_type: 'code', source: '1+1', execution_count: 1, outputs: [] }];
      const json = JSON.stringify({ nbformat: 4, cells }, undefined, 1);
      await write('book.ipynb', json);
      expect(await read('book.ipynb')).toBe('[cell 1: code, run 1]\n1+1');
      expect(await read('book.ipynb', [1, 1])).toBe('{');
    });

    it('P4: a planted link leads no further than the sandbox', async () => {
      await bash('ln -sfn /etc/passwd passwd; ln -sfn /proc/1/environ environ; ln -sfn /etc/shadow shadow');
      expect(await read('passwd')).toBe(`${await bash('cat /etc/passwd')}\n`);
      expect((await bench.call('read', { file_path: 'shadow' })).is_error).toBe(true);
      expect(JSON.stringify(await bench.call('read', { file_path: 'environ' }))).not.toContain('PATH=/work');
    });
  });

  describe('edit', () => {
    it('replaces one match, or all', async () => {
      await write('edit.txt', 'one two two\n');
      expect(await edit('edit.txt', 'one', 'three')).toBe('edited edit.txt (1 replacement(s))');
      expect(await edit('edit.txt', 'two', '', true)).toBe('edited edit.txt (2 replacement(s))');
      expect(await read('edit.txt')).toBe('three  \n');
    });

    it('says why not, and changes nothing', async () => {
      await write('edit.txt', 'aXa aXa');
      await bash(
        "printf 'a\\0b' >binary; mkdir -p taken; head -c 262145 /dev/zero >big.bin; mkdir -p locked; chmod 700 locked; echo x >locked/f; chmod 500 locked",
      );
      expect(await editError('edit.txt', 'aaa')).toBe('edit: old_string not found in edit.txt');
      expect(await editError('edit.txt', 'aXa')).toBe('edit: old_string appears 2 times in edit.txt (must be unique)');
      expect(await editError('nothing', 'a')).toBe('edit: nothing: no such file or directory');
      expect(await editError('taken', 'a')).toBe('edit: taken is not a regular file');
      expect(await editError('binary', 'a')).toBe('edit: binary contains NUL bytes: edit works on text files only');
      expect(await editError('big.bin', 'a')).toBe('edit: big.bin is 262145 bytes, exceeds 262144-byte limit');
      expect(await editError('locked/f', 'x')).toBe('edit: locked/f: permission denied');
      expect(await read('edit.txt')).toBe('aXa aXa');
    });

    it('keeps mode, link, and bytes that are no UTF-8', async () => {
      await bash("printf 'a\\377b\\n\\n' >raw; chmod 600 raw; ln -sfn raw link");
      expect(await edit('link', 'b\n', 'ü\n')).toBe('edited link (1 replacement(s))');
      expect(await bash('readlink link; stat -c %a raw; od -An -tx1 raw')).toBe('raw\n600\n 61 ff c3 bc 0a 0a');
    });

    it('refuses a replacement that would grow without end', async () => {
      await bash("head -c 200000 /dev/zero | tr '\\0' a >many.txt");
      const input = { file_path: 'many.txt', old_string: 'a', new_string: 'b'.repeat(100_000), replace_all: true };
      expect(await bench.error('edit', input)).toBe(
        'edit: many.txt would be 20000000000 bytes, exceeds 16777216-byte limit',
      );
    });

    it('is exact for any text: nothing in it is a pattern', async () => {
      const tokens = fc.array(nasty, { maxLength: 40 });
      const cut = fc.tuple(fc.nat(39), fc.integer({ min: 1, max: 4 }));
      const inputs = fc.tuple(tokens, cut, fc.array(nasty, { maxLength: 6 }), fc.boolean());
      const property = fc.asyncProperty(inputs, async ([parts, [from, length], replacement, all]) => {
        const text = parts.join('');
        const old =
          parts
            .slice(from % Math.max(1, parts.length))
            .slice(0, length)
            .join('') || 'absent';
        const next = replacement.join('');
        await write('any-edit.txt', text);
        const result = await bench.call('edit', {
          file_path: 'any-edit.txt',
          old_string: old,
          new_string: next,
          replace_all: all,
        });
        const count = text.split(old).length - 1;
        const expected = count === 1 || (all && count > 0) ? text.split(old).join(next) : text;
        expect(result.is_error).toBe(expected === text && !(count === 1 || (all && count > 0)));
        expect(await read('any-edit.txt')).toBe(expected || '(no output)');
      });
      await fc.assert(property, { numRuns: 30 });
    });

    it('is quick for a source file of 256 KiB', async () => {
      await bash(
        "yes 'const value = compute(42); // comment' | head -c 262100 >source.ts; echo 'unique_name' >>source.ts",
      );
      const started = performance.now();
      expect(await edit('source.ts', 'unique_name', 'other')).toContain('1 replacement');
      expect(await edit('source.ts', 'value', 'variable', true)).toMatch(/\(\d{4} replacement/);
      expect(performance.now() - started).toBeLessThan(patience(3_000));
    });
  });
}
