import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { S3Settings } from '../../src/files/s3-place.js';
import { s3Place } from '../../src/files/s3-place.js';
import { freePort } from './free-port.js';

/** A store that speaks S3, of the tests' own: objects are files in a directory. */
export interface S3Store {
  /** A new bucket in it. */
  createBucket(): Promise<S3Settings>;
  /** SIGKILL; the objects stay. */
  kill(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** The program, where Go or `.ci/install-stores.sh` puts it. Undefined when it is not there. */
export function findVersitygw(): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), join(homedir(), 'go/bin')];
  return places.map((place) => join(place, 'versitygw')).find(existsSync);
}

const KEYS = { accessKeyId: 'tests', secretAccessKey: 'secret-of-the-tests' };
const PATIENCE_MS = 30_000;

export async function startS3Store(program: string): Promise<S3Store> {
  const dir = mkdtempSync(join(tmpdir(), 'drover-s3-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let buckets = 0;
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (!child) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    child = undefined;
    await exited;
  };
  const start = async (): Promise<void> => {
    child ??= await launch(program, dir, port);
  };
  await start();
  return {
    start,
    kill,
    async createBucket() {
      buckets += 1;
      const settings = {
        bucket: `bucket-${buckets}`,
        prefix: 'files/',
        region: 'us-east-1',
        endpoint,
        credentials: KEYS,
      };
      await s3Place(settings).client.send(new CreateBucketCommand({ Bucket: settings.bucket }));
      return settings;
    },
    async remove() {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function launch(program: string, dir: string, port: number): Promise<ChildProcess> {
  const [objects, sidecar] = ['objects', 'sidecar'].map((name) => join(dir, name));
  for (const path of [objects, sidecar]) mkdirSync(path ?? '', { recursive: true });
  const flags = ['--port', `127.0.0.1:${port}`, '--access', KEYS.accessKeyId, '--secret', KEYS.secretAccessKey];
  // Beside the objects, for file systems that keep no attributes.
  const backend = ['posix', '--sidecar', sidecar ?? '', objects ?? ''];
  const child = spawn(program, [...flags, '--quiet', ...backend], { stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('versitygw did not start');
    await sleep(20);
  }
  return child;
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}
