import { bubblewrap, describeBackend, docker } from '../support/sandbox.js';
import { type MemoryBench, startMemoryBench } from './memory-bench.js';

const byPath = ([, one]: unknown[], [, other]: unknown[]) => (String(one) < String(other) ? -1 : 1);

for (const backend of [bubblewrap(), docker()]) {
  describeBackend('memory stores in a sandbox', backend, () => {
    let bench: MemoryBench;
    beforeAll(async () => {
      bench = await startMemoryBench(backend);
    });
    afterAll(() => bench.stop());

    test('what is in a store is there as files, which are the sandbox’s own', async () => {
      const store = await bench.newStore({ '/a.md': 'one\n', '/notes/é/b.md': 'two\n' });
      const session = bench.open({ notes: store });
      const { output } = await bench.call(
        session,
        'cd /mnt/memory/notes; find . -type f | sort; cat a.md notes/é/b.md; stat -c %U a.md notes',
      );
      expect(output).toBe('./a.md\n./notes/é/b.md\none\ntwo\nsandbox\nsandbox\n');
      expect(await bench.versionsOf(store)).toHaveLength(2);
    });

    test('what commands write, change and delete becomes versions by the session', async () => {
      const store = await bench.newStore({ '/keep': 'k', '/gone': 'g', '/old': 'o' });
      const session = bench.open({ s: store });
      const script = 'cd /mnt/memory/s; echo new >x; mkdir -p d/e; echo deep >d/e/y; echo more >>old; rm gone';
      expect(await bench.call(session, script)).toMatchObject({ code: 0 });
      expect(await bench.contentsOf(store)).toEqual({
        '/keep': 'k',
        '/old': 'omore\n',
        '/x': 'new\n',
        '/d/e/y': 'deep\n',
      });
      expect((await bench.versionsOf(store)).slice(0, 4).toSorted(byPath)).toEqual([
        ['created', '/d/e/y', 'session_actor'],
        ['deleted', '/gone', 'session_actor'],
        ['modified', '/old', 'session_actor'],
        ['created', '/x', 'session_actor'],
      ]);
      const own = await bench.stores.memoryVersions.list(store, { session_id: session });
      expect(own.data).toHaveLength(4);
      // Nothing more comes of looking again.
      await bench.mounts.collect(session);
      await bench.call(session, 'true');
      expect(await bench.versionsOf(store)).toHaveLength(7);
    });

    test('a file may become a directory, and a directory a file', async () => {
      const store = await bench.newStore({ '/a': '1', '/b/c': '2' });
      const session = bench.open({ s: store });
      await bench.call(session, 'cd /mnt/memory/s; rm -r a b; mkdir a; echo x >a/y; echo z >b');
      expect(await bench.contentsOf(store)).toEqual({ '/a/y': 'x\n', '/b': 'z\n' });
    });

    test('the directory above is read-only, and so is a store that is attached so: by the kernel’s word', async () => {
      const store = await bench.newStore({ '/a': 'one' });
      const session = bench.open({ s: { id: store, access: 'read_only' } });
      const { output } = await bench.call(
        session,
        'cd /mnt/memory; for f in x s/a s/b; do echo w >$f; done; rm s/a; cat s/a',
      );
      expect(output.match(/Read-only file system/g)).toHaveLength(4);
      expect(output).toMatch(/one$/);
      await bench.change(store, '/a', 'two');
      await bench.stores.memories.create(store, { path: '/d/b', content: 'new' });
      expect((await bench.call(session, 'cat /mnt/memory/s/a /mnt/memory/s/d/b')).output).toBe('twonew');
      await bench.drop(store, '/a');
      expect((await bench.call(session, 'ls /mnt/memory/s')).output).toBe('d\n');
      expect((await bench.versionsOf(store)).every(([, , author]) => author === 'api_actor')).toBe(true);
    });

    test('two sessions see each other’s writes at their next command, in sandboxes that go on running', async () => {
      const store = await bench.newStore();
      const [one, two] = [bench.open({ s: store }), bench.open({ other: store })];
      await bench.call(one, 'true');
      await bench.call(two, 'echo hello >/mnt/memory/other/from-two');
      expect((await bench.call(one, 'cat /mnt/memory/s/from-two; echo hi >>/mnt/memory/s/from-two')).output).toBe(
        'hello\n',
      );
      expect((await bench.call(two, 'cat /mnt/memory/other/from-two; rm /mnt/memory/other/from-two')).output).toBe(
        'hello\nhi\n',
      );
      expect((await bench.call(one, 'ls /mnt/memory/s')).output).toBe('');
    });

    test('several stores of one session, the same one in a session of its own', async () => {
      const [a, b] = [await bench.newStore({ '/f': 'a' }), await bench.newStore({ '/f': 'b' })];
      const session = bench.open({ a, b: { id: b, access: 'read_only' } });
      expect((await bench.call(session, 'cat /mnt/memory/*/f; echo A >/mnt/memory/a/f')).output).toBe('ab');
      expect([await bench.contentsOf(a), await bench.contentsOf(b)]).toEqual([{ '/f': 'A\n' }, { '/f': 'b' }]);
    });

    test('where both have changed a memory the store wins; what was written is kept where it was deleted there', async () => {
      const store = await bench.newStore({ '/both': '1', '/same': '1', '/gone': '1', '/back': '1' });
      const session = bench.open({ s: store });
      await bench.callAndDie(session, 'cd /mnt/memory/s; for f in both same gone; do printf ours >$f; done; rm back');
      await bench.change(store, '/both', 'theirs');
      await bench.change(store, '/same', 'ours');
      await bench.drop(store, '/gone');
      await bench.change(store, '/back', 'theirs');
      await bench.mounts.collect(session);
      const expected = { '/both': 'theirs', '/same': 'ours', '/gone': 'ours', '/back': 'theirs' };
      expect(await bench.contentsOf(store)).toEqual(expected);
      const { output } = await bench.call(session, 'cd /mnt/memory/s; cat both same gone back');
      expect(output).toBe('theirsoursourstheirs');
    });

    test('of what gave way to the store the agent is told, until a command could read of it', async () => {
      const store = await bench.newStore({ '/both': '1', '/other': '1' });
      const session = bench.open({ s: store });
      await bench.callAndDie(session, 'cd /mnt/memory/s; echo ours >both; echo ours >other');
      await bench.change(store, '/both', 'theirs');
      await bench.mounts.collect(session);
      // What comes from elsewhere in the meantime does not take the word away.
      await bench.change(store, '/other', 'theirs');
      expect((await bench.call(session, 'cat /mnt/memory/not-saved.txt')).output).toMatch(
        /^\/mnt\/memory\/s\/both was changed in its store at the same time.*\n$/,
      );
      expect((await bench.call(session, 'ls /mnt/memory')).output).toBe('s\n');
    });

    test('what a process in the background has written is taken in when its session rests, and before that goes', async () => {
      const store = await bench.newStore({ '/a': '1' });
      const session = bench.open({ s: store });
      const script = 'cd /mnt/memory/s; (for n in 1 2; do read; echo $n >late; done) <go >/dev/null 2>&1 &';
      await bench.call(session, `mkfifo go; ${script.replace('<go', '<>/workspace/go')} true`);
      const write = (n: number) =>
        bench.callAndDie(session, `echo >/workspace/go; until grep -qs ${n} /mnt/memory/s/late; do sleep 0.05; done`);
      await write(1);
      expect(await bench.contentsOf(store)).toEqual({ '/a': '1' });
      await bench.mounts.rest?.(session);
      expect(await bench.contentsOf(store)).toEqual({ '/a': '1', '/late': '1\n' });
      await write(2);
      await bench.lose(session);
      await bench.mounts.remove(session);
      expect(await bench.contentsOf(store)).toEqual({ '/a': '1', '/late': '2\n' });
    });

    test('a file in the way of a memory gives way, and so does a file below one', async () => {
      const store = await bench.newStore({ '/x': '' });
      const session = bench.open({ s: store });
      await bench.callAndDie(session, 'cd /mnt/memory/s; echo ours >a; mkdir b; echo ours >b/c');
      await bench.stores.memories.create(store, { path: '/a/deep/er', content: 'theirs' });
      await bench.stores.memories.create(store, { path: '/b', content: 'theirs' });
      await bench.mounts.collect(session);
      expect(await bench.contentsOf(store)).toEqual({ '/x': '', '/a/deep/er': 'theirs', '/b': 'theirs' });
      const { output } = await bench.call(session, 'cd /mnt/memory; cat s/a/deep/er; cat s/b/c not-saved.txt');
      expect(output).toMatch(/^theirsours\n/);
      expect(output).toMatch(/^\/mnt\/memory\/s\/b\/c is not saved: .*overlaps/m);
      expect(output).toMatch(/^\/mnt\/memory\/s\/b is not here: a directory/m);
    });
  });
}
