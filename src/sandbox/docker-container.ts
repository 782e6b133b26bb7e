import type { ContainerCreateOptions } from 'dockerode';
import { baseEnvironment } from './bubblewrap-command.js';
import { sandboxOwner, type Place } from './place.js';
import type { SandboxSpec } from './sandbox.js';
import { seccompProfile } from './seccomp-profile.js';

/** What every container of ours carries, so that a reaper finds it. */
export const labels = { data: 'drover.data', session: 'drover.session', generation: 'drover.generation' } as const;

interface ContainerOptions {
  place: Place;
  spec: SandboxSpec;
  generation: number;
  dataId: string;
  image: string;
  runtime: string | undefined;
}

/** One container a key: a second one cannot be made while the first is there. */
export const containerName = (dataId: string, key: string): string => `drover-${dataId}-${key.replaceAll(':', '.')}`;

/** What the engine is asked for. Everything that outlives the container is in the place's directories. */
export function containerOptions(options: ContainerOptions): ContainerCreateOptions {
  const { place, spec, generation, dataId, image } = options;
  const { uid, gid } = sandboxOwner();
  return {
    name: containerName(dataId, place.key),
    Image: image,
    // The runner is PID 1, which nothing inside can kill, and takes in orphans: it needs no init and no root.
    Entrypoint: ['bash', '--norc', '--noprofile', '/run/drover/in/runner.sh', String(spec.pids)],
    Cmd: [],
    User: `${uid}:${gid}`,
    WorkingDir: '/workspace',
    Hostname: 'sandbox',
    Env: Object.entries({ ...baseEnvironment, ...spec.env }).map(([name, value]) => `${name}=${value}`),
    Labels: { [labels.data]: dataId, [labels.session]: place.key, [labels.generation]: String(generation) },
    NetworkDisabled: true,
    HostConfig: hostConfig(options),
  };
}

function hostConfig({ place, spec, runtime }: ContainerOptions): ContainerCreateOptions['HostConfig'] {
  const memory = spec.memoryMb * 2 ** 20;
  // What is in a tmpfs counts as the container's memory: full ones must leave room for the commands.
  const tmpfs = `rw,nosuid,nodev,exec,mode=1777,size=${Math.floor(Math.min(512 * 2 ** 20, memory / 4))}`;
  return {
    NetworkMode: 'none',
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges', `seccomp=${seccompProfile()}`],
    ReadonlyRootfs: true,
    // The directories belong to users of this machine, also where the engine maps containers' users elsewhere.
    UsernsMode: 'host',
    IpcMode: 'private',
    Binds: [
      `${place.workspace}:/workspace`,
      `${place.session}:/mnt/session`,
      `${place.home}:/home/sandbox`,
      `${place.in}:/run/drover/in:ro`,
      `${place.out}:/run/drover/out`,
    ],
    Mounts: (spec.mounts ?? []).map(({ at, from, access }) => ({
      Type: 'bind' as const,
      Source: from,
      Target: at,
      ReadOnly: access === 'read_only',
    })),
    Tmpfs: { '/tmp': tmpfs, '/var/tmp': tmpfs },
    ShmSize: 64 * 2 ** 20,
    PidsLimit: spec.pids,
    Memory: memory,
    MemorySwap: memory,
    NanoCpus: Math.round(spec.cpus * 1e9),
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    LogConfig: { Type: 'none', Config: {} },
    ...(runtime && { Runtime: runtime }),
  };
}
