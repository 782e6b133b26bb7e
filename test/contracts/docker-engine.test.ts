import { createDockerSandboxes } from '../../src/sandbox/docker.js';
import { SandboxLost } from '../../src/sandbox/sandbox.js';
import { type Engine, startEngine } from '../support/docker-engine.js';
import {
  type Bench,
  describeBackend,
  docker,
  follow,
  run,
  setUp,
  smallSpec,
  testImage,
  untilPrinted,
} from '../support/sandbox.js';

describeBackend('an engine that is restarted', docker(), (backend) => {
  let engine: Engine;
  let bench: Bench;

  beforeAll(async () => {
    engine = await startEngine(testImage);
    const create = (dataDir: string) =>
      createDockerSandboxes({ dataDir, dataId: 'engine', image: testImage, docker: engine.client });
    bench = setUp({ ...backend, create });
  });

  afterAll(async () => {
    await bench.clear();
    await engine.remove();
  });

  test('P3: a command under way is lost and told so, the next sandbox has the files', async () => {
    const first = await bench.sandboxes.acquire('restarted', smallSpec);
    await first.start('long', { script: 'echo ran >>count; echo on; sleep 60', timeoutMs: 90_000 });
    await untilPrinted(first, 'long', 'on\n');
    await engine.restart();
    const outcome = await first.poll('long', { offset: 3, waitMs: 30_000 }).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(SandboxLost);
    const second = await bench.sandboxes.acquire('restarted', smallSpec);
    expect(second.generation).toBe(first.generation + 1);
    await second.start('long', { script: 'echo ran >>count', timeoutMs: 90_000 });
    expect((await follow(second, 'long')).state).toBe('lost');
    expect(await run(second, 'cat count')).toMatchObject({ output: 'ran\n' });
  });
});
