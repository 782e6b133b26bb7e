import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bubblewrap, describeBackend } from '../support/sandbox.js';
import { fillStore } from '../support/memory.js';
import { type MemoryBench, startMemoryBench } from './memory-bench.js';

describeBackend('files that cannot be memories', bubblewrap(), (backend) => {
  let bench: MemoryBench;
  beforeAll(async () => {
    bench = await startMemoryBench(backend);
  });
  afterAll(() => bench.stop());

  const complaints = async (session: string) =>
    (await bench.call(session, 'cat /mnt/memory/not-saved.txt')).output.replaceAll('/mnt/memory/s', '');

  test.each([
    ['a link', 'ln -s /etc/passwd f', /^\/f is a link/m],
    ['a link to a directory', 'ln -s / f', /^\/f is a link/m],
    ['a pipe', 'mkfifo f', /^\/f is .*no regular file/m],
    ['a large file', 'head -c 102401 /dev/zero | tr "\\0" x >f', /^\/f has more than 102400 bytes/m],
    ['a binary file', 'printf "a\\0b" >f', /^\/f is no text/m],
    ['what is no UTF-8', 'printf "\\377" >f', /^\/f is no text/m],
    ['a name that is no UTF-8', 'echo x >$(printf "f\\377")', /^\/f\ufffd is a link, or no regular/m],
    [
      'a name with a control character',
      'echo x >"$(printf "f\\tg")"',
      /^"\/f\\tg" has a path that must have no control/m,
    ],
    ['a name that is not composed', 'echo x >$(printf "fe\\314\\201")', /has a path that must be in Unicode/m],
  ])('%s is not saved, and the agent is told so', async (_what, script, complaint) => {
    const store = await bench.newStore({ '/keep': '1' });
    const session = bench.open({ s: store });
    await bench.call(session, `cd /mnt/memory/s; ${script}; echo fine >g`);
    expect(await bench.contentsOf(store)).toEqual({ '/keep': '1', '/g': 'fine\n' });
    expect(await complaints(session)).toMatch(complaint);
    await bench.call(session, 'cd /mnt/memory/s; rm -rf f*');
    expect(await complaints(session)).toMatch(/No such file/);
    expect(await bench.versionsOf(store)).toHaveLength(2);
  });

  test('a memory in whose place there is such a file stays as it was, until it is changed', async () => {
    const store = await bench.newStore({ '/a': '1', '/b': '2' });
    const session = bench.open({ s: store });
    await bench.call(session, 'cd /mnt/memory/s; rm a; ln -s /etc/passwd a; head -c 200000 /dev/zero >b');
    expect(await bench.contentsOf(store)).toEqual({ '/a': '1', '/b': '2' });
    await bench.change(store, '/a', 'new a');
    await bench.change(store, '/b', 'new b');
    expect((await bench.call(session, 'cd /mnt/memory/s; cat a b; stat -c %F a')).output).toBe(
      'new anew bregular file\n',
    );
  });

  test('a memory that is called as files are while they are written is not taken for deleted', async () => {
    const store = await bench.newStore({ '/.tmp-1-2': '1', '/d/.tmp-3-45': '2', '/a': '3' });
    const session = bench.open({ s: store });
    await bench.call(session, 'true');
    await bench.change(store, '/.tmp-1-2', 'new');
    const { output } = await bench.call(session, 'cd /mnt/memory/s; cat .tmp-1-2 d/.tmp-3-45; echo half >.tmp-5-6');
    expect(output).toBe('new2');
    expect(await bench.contentsOf(store)).toEqual({ '/.tmp-1-2': 'new', '/a': '3', '/d/.tmp-3-45': '2' });
  });

  test('no link that an agent plants leads the server out of the directory', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'drover-outside-'));
    writeFileSync(join(outside, 'secret'), 'secret');
    mkdirSync(join(outside, 'd'));
    const store = await bench.newStore({ '/x/secret': '1', '/y/z/f': '2' });
    const session = bench.open({ s: store });
    await bench.call(session, 'true');
    // From the host's side these lead to places that are there.
    await bench.call(session, `cd /mnt/memory/s; rm -r x y; ln -s ${outside} x; mkdir y; ln -s ${outside}/d y/z`);
    expect(await bench.contentsOf(store)).toEqual({});
    for (const path of ['/x/secret', '/x/new', '/y/z/f']) {
      await bench.stores.memories.create(store, { path, content: 'theirs' });
    }
    const { output } = await bench.call(session, 'cd /mnt/memory/s; cat x/secret x/new y/z/f');
    expect(output).toBe('theirstheirstheirs');
    await bench.drop(store, '/x/secret');
    await bench.callAndDie(session, `cd /mnt/memory/s; rm -r x; ln -s ${outside} x`);
    await bench.mounts.collect(session);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
    expect([readdirSync(outside).toSorted(), readdirSync(join(outside, 'd'))]).toEqual([['d', 'secret'], []]);
    rmSync(outside, { recursive: true });
  });

  test('a full store takes no new file, and changes of those that are there', async () => {
    const store = await bench.newStore();
    await fillStore(
      bench.server.db,
      store,
      Array.from({ length: 2_000 }, (_, n) => `/${n}`),
    );
    const session = bench.open({ s: store });
    const startedAt = Date.now();
    await bench.call(session, 'cd /mnt/memory/s; ls | wc -l; echo more >new; echo changed >7');
    console.info(`2,000 memories laid out and looked at in ${Date.now() - startedAt} ms`);
    expect(await complaints(session)).toMatch(/^\/new is not saved: .*2000 memories already/m);
    await bench.call(session, 'cd /mnt/memory/s; rm 8');
    const paths = Object.keys(await bench.contentsOf(store));
    expect(paths).toHaveLength(2_000);
    expect([paths.includes('/new'), paths.includes('/8')]).toEqual([true, false]);
    expect(await complaints(session)).toMatch(/No such file/);
  });

  test('a store that is archived takes deletions only; of one that is deleted the files go', async () => {
    const store = await bench.newStore({ '/a': '1', '/b': '2', '/e': '3' });
    const session = bench.open({ s: store });
    await bench.call(session, 'true');
    await bench.stores.archive(store);
    await bench.call(session, 'cd /mnt/memory/s; echo new >c; echo ours >a; rm b');
    expect(await bench.contentsOf(store)).toEqual({ '/a': '1', '/e': '3' });
    expect(await complaints(session)).toMatch(/^\/c is not saved: .*archived/m);
    await bench.stores.delete(store);
    expect((await bench.call(session, 'cd /mnt/memory/s; ls; echo x >d')).output).toBe('a\nc\n');
    expect(await complaints(session)).toMatch(/^\/d is not saved: .*deleted/m);
  });

  test('names that are too long for a file are told', async () => {
    const long = `/${'é'.repeat(200)}`;
    const store = await bench.newStore({ [long]: '1', '/a': '2' });
    const session = bench.open({ s: store });
    expect((await bench.call(session, 'ls /mnt/memory/s')).output).toBe('a\n');
    expect(await complaints(session)).toMatch(/is not here: file names have 255 bytes at most/);
    expect(await bench.contentsOf(store)).toEqual({ [long]: '1', '/a': '2' });
  });

  test('a directory of more files than are looked at loses no memory', async () => {
    const store = await bench.newStore({ '/a': '1' });
    const session = bench.open({ s: store });
    await bench.call(session, 'cd /mnt/memory/s; mkdir d; cd d; seq 9000 | xargs touch');
    expect((await bench.contentsOf(store))['/a']).toBe('1');
    expect(await complaints(session)).toMatch(/^\/ has more than 8000 entries/m);
  });
});
