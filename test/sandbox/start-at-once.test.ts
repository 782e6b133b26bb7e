import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { bubblewrap, describeBackend, setUp, smallSpec } from '../support/sandbox.js';

describeBackend('sandboxes that start at the same time', bubblewrap(), (backend) => {
  test('all start, and at no moment is the system call filter that they share anything but whole', async () => {
    const bench = setUp(backend);
    await bench.sandboxes.acquire('first', smallSpec);
    const filter = join(bench.dataDir, '.seccomp.bpf');
    const sizes = new Set<number>();
    const over = new AbortController();
    const watch = async (): Promise<void> => {
      for (; !over.signal.aborted; await turn()) sizes.add(readFileSync(filter).length);
    };
    const keys = Array.from({ length: 12 }, (_, index) => `one-${index}`);
    const starting = Promise.allSettled(keys.map((key) => bench.sandboxes.acquire(key, smallSpec)));
    const watching = watch();
    const started = await starting;
    over.abort();
    await watching;
    await bench.clear();
    expect(started.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect([...sizes]).toEqual([expect.any(Number)]);
    expect([...sizes][0]).toBeGreaterThan(0);
  });
});
