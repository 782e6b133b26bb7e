import Docker from 'dockerode';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkDocker } from './docker-check.js';
import { statusOf } from './docker-status.js';
import { containerName, containerOptions, labels } from './docker-container.js';
import { createPlacedSandboxes, type Launcher } from './placed-sandboxes.js';
import type { Place } from './place.js';
import { isAlive } from './requests.js';
import type { Sandboxes, SandboxSpec } from './sandbox.js';

interface DockerSandboxesOptions {
  /** Directory for the sandboxes' files; nothing else may live in it. The engine must see it under the same path. */
  dataDir: string;
  /** Tells this data directory's containers from others'. */
  dataId: string;
  image: string;
  /** A runtime the engine knows, such as `runsc`; its default otherwise. */
  runtime?: string;
  docker?: Docker;
}

/** Sandboxes as containers, one each, that hold nothing which is not also in `dataDir`. */
export function createDockerSandboxes(options: DockerSandboxesOptions): Sandboxes {
  return createPlacedSandboxes(options.dataDir, createLauncher(options));
}

function createLauncher(options: DockerSandboxesOptions): Launcher {
  const { dataId, image, runtime, docker = new Docker() } = options;
  // Past this the engine only gets slower.
  const inLine = createLine(2 * availableParallelism());

  async function launch(place: Place, generation: number, spec: SandboxSpec): Promise<void> {
    const wanted = containerOptions({ place, spec, generation, dataId, image, runtime });
    await inLine(async () => {
      const container = await docker.createContainer(wanted);
      await container.start();
    });
    await untilAlive(docker, place, dataId);
  }

  async function stop(place: Place): Promise<void> {
    const container = docker.getContainer(containerName(dataId, place.key));
    await inLine(() => removeContainer(container));
  }

  async function strays(): Promise<string[]> {
    const filters = { label: [`${labels.data}=${dataId}`] };
    const containers = await inLine(() => docker.listContainers({ all: true, filters }));
    return containers.flatMap(({ Labels }) => Labels[labels.session] ?? []);
  }

  return {
    backend: 'docker',
    check: () => checkDocker(docker, { image, runtime }),
    launch,
    stop,
    strays,
    close: async () => {},
  };
}

async function untilAlive(docker: Docker, place: Place, dataId: string): Promise<void> {
  const until = Date.now() + 20_000;
  for (let round = 1; !(await isAlive(place)); round += 1) {
    await sleep(2);
    if (round % 50 !== 0) continue;
    const { State } = await docker.getContainer(containerName(dataId, place.key)).inspect();
    if (!State.Running)
      throw new Error(`the container ended at once (${State.ExitCode}): ${State.Error || 'no reason given'}`);
    if (Date.now() > until) throw new Error('the container took no requests within 20 s');
  }
}

async function removeContainer(container: Docker.Container): Promise<void> {
  for (;;) {
    try {
      return await container.remove({ force: true, v: true });
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) return;
      // Somebody else is removing it.
      if (status !== 409) throw error;
      await sleep(50);
    }
  }
}

/** Runs at most `width` jobs at a time. */
function createLine(width: number) {
  let free = width;
  const waiting: (() => void)[] = [];
  return async function inLine<T>(job: () => Promise<T>): Promise<T> {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
