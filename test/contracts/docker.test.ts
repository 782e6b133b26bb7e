import Docker from 'dockerode';
import { SandboxLost } from '../../src/sandbox/sandbox.js';
import {
  describeBackend,
  docker,
  follow,
  run,
  setUp,
  smallSpec,
  untilPrinted,
  type Bench,
} from '../support/sandbox.js';
import { describeSandboxes } from './sandbox.js';

describeSandboxes(docker());

describeBackend('containers', docker(), (backend) => {
  const engine = new Docker();
  let bench: Bench;
  beforeAll(() => {
    bench = setUp(backend);
  });
  afterAll(() => bench.clear());

  const ours = async (key: string) =>
    (await engine.listContainers({ all: true, filters: { label: [`drover.session=${key}`] } })).map(({ Id }) => Id);

  test.each(['kill', 'remove', 'restart'] as const)(
    'P3: %s by hand in a command: it is lost, the workspace is not',
    async (how) => {
      const key = `by-hand-${how}`;
      const first = await bench.sandboxes.acquire(key, smallSpec);
      await first.start('long', { script: 'echo ran >>count; echo on; sleep 60', timeoutMs: 90_000 });
      await untilPrinted(first, 'long', 'on\n');
      const [id] = await ours(key);
      const container = engine.getContainer(id ?? '');
      if (how === 'remove') await container.remove({ force: true });
      else if (how === 'kill') await container.kill();
      else await container.restart({ t: 0 });
      const outcome = await first.poll('long', { offset: 3, waitMs: 30_000 }).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(SandboxLost);
      const second = await bench.sandboxes.acquire(key, smallSpec);
      await second.start('long', { script: 'echo ran >>count', timeoutMs: 90_000 });
      expect((await follow(second, 'long')).state).toBe('lost');
      expect(await run(second, 'cat count')).toMatchObject({ output: 'ran\n' });
    },
  );

  test('a container without its directory is found by its label and removed', async () => {
    await bench.sandboxes.acquire('stray', smallSpec);
    const other = setUp(backend);
    try {
      const keys: string[] = [];
      for await (const { key } of other.sandboxes.list()) keys.push(key);
      expect(keys).toContain('stray');
      await other.sandboxes.destroy('stray', { workspace: true });
      expect(await ours('stray')).toEqual([]);
    } finally {
      await other.clear();
    }
  });
});
