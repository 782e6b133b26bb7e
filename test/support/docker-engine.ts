import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';

/** A Docker engine of our own beside the machine's, which a test may stop. */
export interface Engine {
  client: Docker;
  /** Where it listens, as `DOCKER_HOST` says it. */
  host: string;
  restart(): Promise<void>;
  remove(): Promise<void>;
}

/** Starts an engine in a directory of its own, with an image taken over from the machine's engine. */
export async function startEngine(image: string): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), 'drover-engine-'));
  const socketPath = join(directory, 'docker.sock');
  let daemon = await startDaemon(directory, socketPath);
  execFileSync('sh', ['-c', `docker save ${image} | docker -H unix://${socketPath} load`], { stdio: 'ignore' });
  return {
    client: new Docker({ socketPath }),
    host: `unix://${socketPath}`,
    async restart() {
      await stopDaemon(daemon);
      daemon = await startDaemon(directory, socketPath);
    },
    async remove() {
      await stopDaemon(daemon);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startDaemon(directory: string, socketPath: string): Promise<ChildProcess> {
  const daemon = spawn('dockerd', argumentsOf(directory, socketPath), { stdio: 'ignore' });
  const client = new Docker({ socketPath });
  for (let tries = 0; tries < 200; tries += 1) {
    if (await client.ping().catch(() => undefined)) return daemon;
    if (daemon.exitCode !== null) break;
    await sleep(100);
  }
  daemon.kill();
  throw new Error('dockerd did not start');
}

function argumentsOf(directory: string, socketPath: string): string[] {
  const own = `--data-root=${join(directory, 'data')} --exec-root=${join(directory, 'exec')} --pidfile=${join(directory, 'pid')}`;
  return `--host=unix://${socketPath} ${own} --bridge=none --iptables=false --log-level=error`.split(' ');
}

async function stopDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null) return;
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await ended;
}
