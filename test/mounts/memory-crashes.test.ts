import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MountedStores } from '../../src/catalog/memory/mounted-store.js';
import { bubblewrap, describeBackend } from '../support/sandbox.js';
import { type MemoryBench, startMemoryBench } from './memory-bench.js';

describeBackend('memory stores and crashes', bubblewrap(), (backend) => {
  let bench: MemoryBench;
  beforeAll(async () => {
    bench = await startMemoryBench(backend);
  });
  afterEach(() => bench.restart());
  afterAll(() => bench.stop());

  test.each(['the next command', 'the same command’s next attempt'])(
    'what was written before the server died is a version once %s comes',
    async (which) => {
      const store = await bench.newStore({ '/a': '1', '/b': '2' });
      const session = bench.open({ s: store });
      await bench.callAndDie(session, 'cd /mnt/memory/s; echo new >c; echo more >>a; rm b');
      expect(await bench.versionsOf(store)).toHaveLength(2);
      bench.restart();
      await (which === 'the next command' ? bench.mounts.prepare(session) : bench.mounts.collect(session));
      expect(await bench.contentsOf(store)).toEqual({ '/a': '1more\n', '/c': 'new\n' });
      expect(await bench.versionsOf(store)).toHaveLength(5);
      bench.restart();
      await bench.mounts.prepare(session);
      expect(await bench.versionsOf(store)).toHaveLength(5);
    },
  );

  test('the sandbox may go, too', async () => {
    const store = await bench.newStore({ '/a': '1' });
    const session = bench.open({ s: store });
    await bench.callAndDie(session, 'echo new >/mnt/memory/s/c');
    await bench.lose(session);
    bench.restart();
    expect((await bench.call(session, 'cd /mnt/memory/s; cat a c')).output).toBe('1new\n');
    expect(await bench.contentsOf(store)).toEqual({ '/a': '1', '/c': 'new\n' });
  });

  const DIES = new Error('the process died here');
  const dies = () => Promise.reject(DIES);
  /** A step that is not begun; and one that is done, whose end nobody sees. */
  const deaths: [string, (stores: MountedStores) => MountedStores][] = [
    ['before the versions', (stores) => ({ ...stores, push: dies })],
    ['after the versions', (stores) => ({ ...stores, push: (...args) => stores.push(...args).then(dies) })],
    ['before anything is fetched', (stores) => ({ ...stores, readContents: dies })],
    ['before it is remembered', (stores) => ({ ...stores, settle: dies })],
    ['after it is remembered', (stores) => ({ ...stores, settle: (...args) => stores.settle(...args).then(dies) })],
  ];

  test.each(deaths)('a sync that dies %s is completed by the next, once', async (_when, astray) => {
    const store = await bench.newStore({ '/a': '1', '/b': '2', '/c': '3' });
    const session = bench.open({ s: store });
    await bench.callAndDie(session, 'cd /mnt/memory/s; echo new >x; echo ours >a; rm b');
    await bench.change(store, '/c', 'theirs');
    await bench.stores.memories.create(store, { path: '/y', content: 'theirs' });
    bench.restart(astray);
    await expect(bench.mounts.collect(session)).rejects.toBe(DIES);
    bench.restart();
    const { output } = await bench.call(session, 'cd /mnt/memory/s; for f in *; do echo $f: $(cat $f); done');
    expect(output).toBe('a: ours\nc: theirs\nx: new\ny: theirs\n');
    expect(await bench.contentsOf(store)).toEqual({ '/a': 'ours\n', '/c': 'theirs', '/x': 'new\n', '/y': 'theirs' });
    expect(await bench.versionsOf(store)).toHaveLength(3 + 2 + 3);
  });

  test.each(deaths.slice(2))('a first layout that dies %s takes nothing for deleted', async (_when, astray) => {
    const files = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`/d/${n}`, `${n}`]));
    const store = await bench.newStore(files);
    const session = bench.open({ s: store });
    bench.restart(astray);
    await expect(bench.mounts.prepare(session)).rejects.toBe(DIES);
    bench.restart();
    await bench.mounts.collect(session);
    expect((await bench.call(session, 'ls /mnt/memory/s/d | wc -l')).output).toBe('120\n');
    expect(await bench.contentsOf(store)).toEqual(files);
  });

  test('a directory that vanished deletes no memory: it is laid out again', async () => {
    const store = await bench.newStore({ '/a': '1', '/d/b': '2' });
    const session = bench.open({ s: store });
    await bench.call(session, 'true');
    await bench.lose(session);
    rmSync(bench.directoryOf(session), { recursive: true });
    for (const restarts of [false, true]) {
      if (restarts) bench.restart();
      await bench.mounts.collect(session);
      expect((await bench.call(session, 'cd /mnt/memory/s; cat a d/b')).output).toBe('12');
      expect(await bench.contentsOf(store)).toEqual({ '/a': '1', '/d/b': '2' });
      await bench.lose(session);
      rmSync(bench.directoryOf(session), { recursive: true });
    }
  });

  test('after a restart of the machine what is missing or empty is laid out again, what was written is kept', async () => {
    const store = await bench.newStore({ '/missing': '1', '/empty': '2', '/written': '3' });
    const session = bench.open({ s: store });
    await bench.call(session, 'true');
    await bench.callAndDie(session, 'cd /mnt/memory/s; rm missing; : >empty; echo ours >written');
    // As it is remembered when the machine was another then.
    await bench.server.db.updateTable('memory_mounts').set({ place: 'before' }).execute();
    bench.restart();
    await bench.mounts.collect(session);
    expect(await bench.contentsOf(store)).toEqual({ '/missing': '1', '/empty': '2', '/written': 'ours\n' });
    expect((await bench.call(session, 'cd /mnt/memory/s; cat missing empty; rm missing')).output).toBe('12');
    // From then on the agent is believed again.
    expect(await bench.contentsOf(store)).toEqual({ '/empty': '2', '/written': 'ours\n' });
  });

  test.each(deaths.filter(([when]) => when !== 'before anything is fetched'))(
    'a removal that dies %s is completed by the next: what was written is kept, and nothing is taken for deleted',
    async (_when, astray) => {
      const store = await bench.newStore({ '/a': '1', '/d/b': '2' });
      const session = bench.open({ s: store });
      await bench.callAndDie(session, 'cd /mnt/memory/s; echo new >c; rm a');
      await bench.lose(session);
      bench.restart(astray);
      await expect(bench.mounts.remove(session)).rejects.toBe(DIES);
      bench.restart();
      await bench.mounts.remove(session);
      expect(await bench.contentsOf(store)).toEqual({ '/c': 'new\n', '/d/b': '2' });
    },
  );

  test('a removal that dies half-way through the directories takes nothing for deleted, and brings nothing back', async () => {
    const store = await bench.newStore({ '/a': '1', '/b': '2' });
    const session = bench.open({ s: store });
    await bench.call(session, 'true');
    await bench.lose(session);
    bench.restart((stores) => ({ ...stores, forget: dies }));
    await expect(bench.mounts.remove(session)).rejects.toBe(DIES);
    // As far as it came.
    const left = ['stores', 'retired'].map((name) => join(bench.directoryOf(session), name)).find(existsSync) ?? '';
    rmSync(join(left, store, 'a'));
    await bench.drop(store, '/b');
    bench.restart();
    await bench.mounts.remove(session);
    expect(await bench.contentsOf(store)).toEqual({ '/a': '1' });
  });

  test('of a session that is removed nothing is left, and its stores stay', async () => {
    const store = await bench.newStore({ '/a': '1' });
    const session = bench.open({ s: store });
    await bench.call(session, 'echo new >/mnt/memory/s/b');
    await bench.lose(session);
    await bench.mounts.remove(session);
    await bench.mounts.remove(session);
    for (const table of ['memory_mounts', 'memory_mount_files'] as const) {
      expect(await bench.server.db.selectFrom(table).selectAll().where('session_id', '=', session).execute()).toEqual(
        [],
      );
    }
    expect(await bench.contentsOf(store)).toEqual({ '/a': '1', '/b': 'new\n' });
  });
});
