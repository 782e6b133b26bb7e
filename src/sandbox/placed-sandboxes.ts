import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { watchDiskUse, type DiskUse } from './disk-use.js';
import { readEnd } from './exec-output.js';
import { readRecord } from './exec-record.js';
import { makeMountPoints } from './mount-points.js';
import {
  createPlace,
  ignoreMissing,
  placeOf,
  readGeneration,
  writeGeneration,
  writeReadable,
  type Place,
} from './place.js';
import { createRequests, isAlive } from './requests.js';
import { createRunnerSandbox } from './runner-sandbox.js';
import { sourceFile } from './source-file.js';
import type { Sandbox, SandboxInfo, Sandboxes, SandboxSpec } from './sandbox.js';

/** What differs between technologies: how the process tree around the runner comes to be and ends. */
export interface Launcher {
  readonly backend: Sandboxes['backend'];
  check(): Promise<{ ok: boolean; why?: string }>;
  /** Starts the runner of a place; resolves once it takes requests. */
  launch(place: Place, generation: number, spec: SandboxSpec): Promise<void>;
  /** Ends every process of the place's sandbox, whatever state it is in. Idempotent. */
  stop(place: Place): Promise<void>;
  /** Keys of which something is left outside the data directory. */
  strays(): Promise<string[]>;
  close(): Promise<void>;
}

/** Sandboxes that live in directories of `dataDir`, one a key, and hold their state in files only. */
export function createPlacedSandboxes(dataDir: string, launcher: Launcher): Sandboxes {
  const inTurn = createTurns();
  const diskUses = new Map<string, DiskUse>();

  async function diskUseOf(place: Place, { diskMb, mounts = [] }: SandboxSpec): Promise<DiskUse> {
    const mounted = mounts.filter(({ access }) => access === 'read_write').map(({ from }) => from);
    const name = [place.key, diskMb, ...mounted].join(' ');
    const known = diskUses.get(name);
    if (known) return known;
    const diskUse = watchDiskUse(place, diskMb, mounted);
    await diskUse.measure();
    diskUses.set(name, diskUse);
    return diskUse;
  }

  async function acquire(key: string, spec: SandboxSpec): Promise<Sandbox> {
    const place = placeOf(dataDir, key);
    const generation = await inTurn(key, async () => {
      if (await isAlive(place)) {
        // Whoever asks for it is about to use it: the reaper is to count from now.
        const [generation] = await Promise.all([readGeneration(place), utimes(place.host, new Date(), new Date())]);
        return generation;
      }
      await createPlace(place);
      await launcher.stop(place);
      const next = (await readGeneration(place)) + 1;
      await writeGeneration(place, next);
      // Nothing runs there now, so nothing can swap what is removed for a link.
      await rm(path.join(place.out, '.started'), { recursive: true, force: true });
      await makeMountPoints(place, spec.mounts ?? []);
      await Promise.all([createRequests(place), installScripts(place)]);
      await launcher.launch(place, next, spec);
      return next;
    });
    const diskUse = await diskUseOf(place, spec);
    return createRunnerSandbox({ place, generation, diskMb: spec.diskMb, diskUse });
  }

  async function destroy(key: string, { workspace = false } = {}): Promise<void> {
    const place = placeOf(dataDir, key);
    await inTurn(key, async () => {
      await launcher.stop(place);
      for (const name of diskUses.keys()) if (name.startsWith(`${key} `)) diskUses.delete(name);
      // Nothing runs there any more, so nothing can swap a directory for a link meanwhile.
      if (workspace) await rm(place.directory, { recursive: true, force: true, maxRetries: 3 });
    });
  }

  async function* list(): AsyncIterable<SandboxInfo> {
    const entries = (await readdir(dataDir, { withFileTypes: true }).catch(ignoreMissing)) ?? [];
    const keys = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
    for (const key of new Set([...keys, ...(await launcher.strays())])) yield await describe(placeOf(dataDir, key));
  }

  return {
    backend: launcher.backend,
    check: () => launcher.check(),
    acquire,
    destroy,
    list,
    close: () => launcher.close(),
  };
}

async function describe(place: Place): Promise<SandboxInfo> {
  const running = await isAlive(place);
  const generation = await readGeneration(place);
  const touched = await Promise.all([place.out, path.join(place.in, 'x'), place.host].map(modifiedAt));
  const busy = running ? await countRunning(place, generation) : 0;
  return { key: place.key, running, generation, lastUsedAt: Math.max(...touched), busy };
}

const modifiedAt = async (directory: string) => (await stat(directory).catch(ignoreMissing))?.mtimeMs ?? 0;

async function countRunning(place: Place, generation: number): Promise<number> {
  const names = new Set(await readdir(place.out));
  const open = [...names].filter((name) => name.endsWith('.log')).map((name) => name.slice(0, -'.log'.length));
  let busy = 0;
  for (const execId of open.filter((id) => /^\w/.test(id) && !names.has(`${id}.killed`))) {
    const record = await readRecord(place, execId).catch(() => undefined);
    if (record?.generation === generation && !(await readEnd(place, execId))) busy += 1;
  }
  return busy;
}

// A new file each time: a runner of an earlier version may still be reading the old one.
async function installScripts(place: Place): Promise<void> {
  for (const name of ['runner.sh', 'shell.sh']) {
    await writeReadable(path.join(place.in, `.${name}`), await readFile(sourceFile('src/sandbox', name)));
    await rename(path.join(place.in, `.${name}`), path.join(place.in, name));
  }
}

/** Runs the jobs of one key one after the other, those of different keys side by side. */
function createTurns() {
  const last = new Map<string, Promise<unknown>>();
  return async function inTurn<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(job, job);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
