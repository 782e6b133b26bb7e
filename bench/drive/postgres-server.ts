import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A Postgres server of our own, reached by a socket in a directory of its own. */
export interface Cluster {
  /** Of one of its databases. */
  urlOf(database: string): string;
  /** SIGQUIT, as in a crash: what was committed is there when it is started again. */
  crash(): Promise<void>;
  start(): Promise<void>;
  /** Nothing is left of it. */
  remove(): Promise<void>;
}

/** Where the newest server's programs are: as Debian installs them, or in PATH. */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const places = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return places.find((place) => existsSync(join(place, 'initdb')));
}

/** Makes a server and starts it. It ends with this process, whatever ends that. */
export async function createCluster(bin: string): Promise<Cluster> {
  const owner = ownerOfServers();
  const dir = mkdtempSync(join(tmpdir(), 'drover-postgres-'));
  if (owner) chownSync(dir, owner.uid, owner.gid);
  // Sorted by a language's rules, as many a server is: an order that rests on bytes has to ask for it.
  const locale = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
  const initdb = ['-D', join(dir, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', ...locale];
  execFileSync(join(bin, 'initdb'), initdb, { ...owner, cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] });
  const launch = () => run(join(bin, 'postgres'), dir, owner);
  let server: Awaited<ReturnType<typeof launch>> | undefined = await launch();
  const crash = async () => {
    await server?.end();
    server = undefined;
  };
  return {
    urlOf: (database) => `postgres://postgres@localhost/${database}?host=${encodeURIComponent(dir)}`,
    crash,
    async start() {
      server ??= await launch();
    },
    async remove() {
      await crash();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

interface Owner {
  uid: number;
  gid: number;
}

/** Postgres refuses to run as root. */
function ownerOfServers(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' })));
  return { uid: uid ?? NaN, gid: gid ?? NaN };
}

/** What is committed survives a crash of the server, and need not survive one of the machine. */
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '300',
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
};

const READY = 'ready to accept connections';
const PATIENCE_MS = 60_000;

async function run(postgres: string, dir: string, owner: Owner | undefined) {
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: dir }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  // The shell waits for the end of its input, which comes with our end at the latest.
  const script = '"$@" </dev/null & server=$!; cat >/dev/null; kill -QUIT $server; wait $server';
  const shell = spawn('sh', ['-c', script, 'sh', postgres, '-D', join(dir, 'data'), ...settings], {
    ...owner,
    cwd: dir,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => shell.on('exit', () => resolve()));
  let said = '';
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-4_000)));
  const deadline = Date.now() + PATIENCE_MS;
  while (!said.includes(READY)) {
    if (Date.now() > deadline || /FATAL/.test(said)) {
      shell.stdin.end();
      throw new Error(`Postgres did not start:\n${said}`);
    }
    await sleep(20);
  }
  return {
    async end() {
      shell.stdin.end();
      await ended;
    },
  };
}
