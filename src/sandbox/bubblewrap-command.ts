import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { mountArguments, openDirectories } from './bubblewrap-mounts.js';
import type { Place } from './place.js';
import type { SandboxSpec } from './sandbox.js';

interface BubblewrapOptions {
  place: Place;
  spec: SandboxSpec;
  /** Root needs no user namespace: the sandbox is uid 1000 for the host too, so nothing there is the host's root. */
  asRoot: boolean;
  /** Directory with the `passwd`, `group` and `hosts` that the sandbox sees. */
  etc: string;
  memoryEvents: string | undefined;
  /** Numbers of inherited descriptors: the filter to read, the process's description to write. */
  fds: { filter: number; info: number };
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const tmpBytes = 512 * 2 ** 20;

/** The arguments of `bwrap` for one sandbox. */
export function bubblewrapArguments(options: BubblewrapOptions): string[] {
  const { asRoot, fds } = options;
  return [
    ...(asRoot
      ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP']
      : ['--unshare-user']),
    '--unshare-pid',
    '--unshare-net',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--as-pid-1',
    '--new-session',
    '--hostname',
    'sandbox',
    ...environment(options.spec.env),
    ...system(options),
    ...devices(asRoot),
    ...own(options),
    '--chdir',
    '/workspace',
    '--seccomp',
    String(fds.filter),
    '--info-fd',
    String(fds.info),
    '--',
    ...(asRoot ? dropUser : []),
    // Waits for the word that its pid is on record; without it, it ends with the process that should have said so.
    'bash',
    '--norc',
    '--noprofile',
    '-c',
    'read -r go && exec bash /run/drover/in/runner.sh "$@" </dev/null >/dev/null 2>&1',
    'bash',
  ];
}

const dropUser = [
  'setpriv',
  '--reuid=1000',
  '--regid=1000',
  '--clear-groups',
  '--bounding-set=-all',
  '--inh-caps=-all',
  '--',
];

/** What every sandbox's commands find in their environment; the spec's own values come on top. */
export const baseEnvironment: Record<string, string> = {
  PATH: searchPath,
  HOME: '/home/sandbox',
  USER: 'sandbox',
  LOGNAME: 'sandbox',
  SHELL: '/bin/bash',
  LANG: 'C.UTF-8',
  TMPDIR: '/tmp',
};

function environment(env: Record<string, string>): string[] {
  const all = Object.entries({ ...baseEnvironment, ...env });
  return ['--clearenv', ...all.flatMap(([name, value]) => ['--setenv', name, value])];
}

// The host's programs, and of /etc only what they need to start.
function system({ etc }: BubblewrapOptions): string[] {
  const roots = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].filter((name) => existsSync(`/${name}`));
  const files = ['passwd', 'group', 'hosts'].flatMap((name) => ['--ro-bind', `${etc}/${name}`, `/etc/${name}`]);
  const shared = ['alternatives', 'ssl/certs', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d'];
  return [
    '--ro-bind',
    '/usr',
    '/usr',
    ...roots.flatMap((name) =>
      lstatSync(`/${name}`).isSymbolicLink()
        ? ['--symlink', readlinkSync(`/${name}`), `/${name}`]
        : ['--ro-bind', `/${name}`, `/${name}`],
    ),
    '--dir',
    '/etc',
    ...files,
    ...shared.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    '--proc',
    '/proc',
  ];
}

// `--dev` would make bubblewrap put a second user namespace around an unprivileged sandbox.
function devices(asRoot: boolean): string[] {
  if (asRoot) return ['--dev', '/dev'];
  const nodes = ['null', 'zero', 'full', 'random', 'urandom'];
  const links = [
    ['fd', ''],
    ['stdin', '/0'],
    ['stdout', '/1'],
    ['stderr', '/2'],
  ] as const;
  return [
    ...nodes.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
    ...links.flatMap(([name, below]) => ['--symlink', `/proc/self/fd${below}`, `/dev/${name}`]),
    '--perms',
    '1777',
    '--size',
    String(tmpBytes),
    '--tmpfs',
    '/dev/shm',
  ];
}

function own({ place, spec, memoryEvents }: BubblewrapOptions): string[] {
  return [
    ...openDirectories(['/var', '/mnt', '/home', '/run', '/run/drover']),
    '--perms',
    '1777',
    '--size',
    String(tmpBytes),
    '--tmpfs',
    '/tmp',
    '--perms',
    '1777',
    '--size',
    String(tmpBytes),
    '--tmpfs',
    '/var/tmp',
    '--bind',
    place.workspace,
    '/workspace',
    '--bind',
    place.session,
    '/mnt/session',
    '--bind',
    place.home,
    '/home/sandbox',
    '--ro-bind',
    place.in,
    '/run/drover/in',
    '--bind',
    place.out,
    '/run/drover/out',
    ...(memoryEvents ? ['--ro-bind', memoryEvents, '/run/drover/memory'] : []),
    ...mountArguments(place, spec.mounts ?? []),
    '--remount-ro',
    '/',
  ];
}
