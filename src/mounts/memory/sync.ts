import { randomUUID } from 'node:crypto';
import { chownSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { batches } from '../../batches.js';
import type { LocalChange, Mounted, MountedStores, Seen } from '../../catalog/memory/mounted-store.js';
import { sandboxOwner } from '../../sandbox/place.js';
import type { Mount } from '../../sandbox/sandbox.js';
import { type Local, type Plan, planSync } from './plan.js';
import { type Scan, SCAN_LIMITS, type Scanner, sha256 } from './scan.js';
import { identityOf, type Placed, placeTreeFile, readTreeFile, removeTreeFile } from './tree.js';

/**
 * One store's directory in one session's sandbox, and the store. Invariants:
 * 1. What is remembered as seen is on both sides: a file is in its place before its row is written, a version is written
 *    together with its row. So whatever dies whenever, the next sync finds what is left to be done.
 * 2. Only a file that was seen in this very directory can be taken for deleted: of a directory that was made anew, or has
 *    been through a restart of the machine, nothing is believed to be missing.
 */
export interface SyncTarget {
  mounted: Mounted;
  access: Mount['access'];
  /** The store's directory. */
  root: string;
  /** Where files are made ready: out of the agent's reach, on the same file system. */
  drafts: string;
  scan: Scanner;
}

export interface Synced {
  /** What could not be done, by path. */
  problems: Map<string, string>;
  /** What was written here and had to give way to what the store has, by path. */
  lost: Map<string, string>;
  /** The store's revision that the directory is up to date with. */
  revision: number;
  /** What the directory held when all of it had been taken in; undefined when not all was. */
  taken: Scan | undefined;
}

/** Brings both sides together, whatever has happened on either; `first` is what the directory was just seen to hold. */
export async function syncStore(stores: MountedStores, target: SyncTarget, first?: Scan): Promise<Synced> {
  const problems = new Map<string, string>();
  for (let round = 1; ; round++) {
    const sides = await readSides(stores, target, round === 1 ? first : undefined);
    const { plan, scan } = sides;
    const waiting = plan.push.filter((name) => !problems.has(name));
    if (waiting.length === 0 || round === ROUNDS) {
      const { unplaced, lost, isDone } = await pull(stores, target, sides);
      for (const [name, why] of [...unplaced, ...unfit(sides, scan)]) problems.set(name, why);
      const taken = waiting.length === 0 && isDone ? scan : undefined;
      return { problems, lost, revision: sides.store?.revision ?? GONE, taken };
    }
    for (const [name, why] of await pushAll(stores, target, sides, waiting)) problems.set(name, why);
  }
}

/** What a sync changes is looked at again; others may write at the same time, and are waited for no longer than this. */
const ROUNDS = 4;
/** The revision of a store that has been deleted. */
export const GONE = -2;

type Sides = Awaited<ReturnType<typeof readSides>>;

async function readSides(stores: MountedStores, target: SyncTarget, scanned: Scan | undefined) {
  const { mounted, root, access } = target;
  const place = identityOf(root);
  const seen = await stores.readSeen(mounted);
  const { store, heads } = await stores.readHeads(mounted.memory_store_id);
  const scan = scanned ?? (await target.scan(root));
  const forgotten = seen.place === place ? [] : forgetMissing(seen, scan);
  const local = new Map([...scan.files].map(([name, file]) => [name, toLocal(file, seen.files.get(name))]));
  for (const name of forgotten) local.delete(name);
  const remote = new Map([...heads].map(([name, head]) => [name, head.content_sha256]));
  const plan = planSync({ seen: seen.files, local, remote, isWhole: scan.isWhole });
  return { place, seen, forgotten, store, heads, scan, plan: access === 'read_only' ? readOnly(plan) : plan };
}

/** Empty files as well: that is what a power failure leaves of some. */
function forgetMissing({ files }: Seen, scan: Scan): string[] {
  const missing = [...files.keys()].filter((name) => (scan.files.get(name)?.stamp.size ?? 0n) === 0n);
  for (const name of missing) files.delete(name);
  return missing;
}

function toLocal({ sha256, why }: { sha256?: string; why?: string }, seen: string | undefined): Local {
  if (sha256 === undefined || (why !== undefined && !isSeen(sha256, seen))) return { fit: false };
  return { fit: true, sha256 };
}

/** By the API a memory may hold what no file that is written may. */
function isSeen(sha256: string | undefined, seen: string | undefined): boolean {
  return sha256 !== undefined && sha256 === seen;
}

/** What differs in a directory that nobody can write to was not laid out to the end, and is laid out again. */
function readOnly(plan: Plan): Plan {
  return { ...plan, push: [], pull: [...plan.pull, ...plan.push] };
}

function unfit({ seen }: Sides, scan: Scan): [string, string][] {
  const files = [...scan.files].flatMap(([name, { why, sha256 }]): [string, string][] =>
    why === undefined || isSeen(sha256, seen.files.get(name)) ? [] : [[name, why]],
  );
  const { most, depth } = SCAN_LIMITS;
  return scan.isWhole ? files : [...files, ['/', `has more than ${most} entries, or more than ${depth} levels`]];
}

const AT_ONCE = 50;

async function pushAll(
  stores: MountedStores,
  { mounted, root }: SyncTarget,
  { store, heads, scan }: Sides,
  names: readonly string[],
): Promise<Map<string, string>> {
  if (!store) return new Map(names.map((name) => [name, 'is not saved: its memory store was deleted']));
  const refused = new Map<string, string>();
  // Deletions first: they make room.
  const inOrder = names.toSorted((a, b) => Number(scan.files.has(a)) - Number(scan.files.has(b)));
  for (const some of batches(inOrder, AT_ONCE)) {
    const changes = some.flatMap((name): LocalChange[] => {
      const expected = heads.get(name)?.content_sha256;
      const file = scan.files.get(name);
      if (!file) return [{ path: name, expected, content: null }];
      const read = readTreeFile(root, name, Number(file.stamp.size));
      // Written to since it was looked at: the next look finds it.
      if (!read || sha256(read.bytes) !== file.sha256) return [];
      return [{ path: name, expected, content: read.bytes }];
    });
    const whys = await stores.push(mounted, store.workspace, changes);
    for (const [name, why] of whys) refused.set(name, `is not saved: ${why}`);
  }
  return refused;
}

interface Pulled {
  /** Why memories are not in their places. */
  unplaced: Map<string, string>;
  lost: Map<string, string>;
  isDone: boolean;
}

/** Lays out what has changed in the store, and remembers all that is the same now. */
async function pull(stores: MountedStores, target: SyncTarget, sides: Sides): Promise<Pulled> {
  const { place, plan, heads, scan, store } = sides;
  const [unplaced, lost] = [new Map<string, string>(), new Map<string, string>()];
  // What is believed to be missing no more must not be so the next time, either.
  const files = new Map<string, string | undefined>(sides.forgotten.map((name) => [name, undefined]));
  for (const name of plan.same) files.set(name, heads.get(name)?.content_sha256);
  const gone = plan.pull.filter((name) => !heads.has(name));
  const removed = gone.filter((name) => removeTreeFile(target.root, name, scan.files.get(name)?.stamp));
  for (const name of removed) files.set(name, undefined);
  const wanted = plan.pull.flatMap((name) => heads.get(name) ?? []);
  for (const some of batches(wanted, AT_ONCE)) {
    const contents = await stores.readContents(some.map((head) => head.memory_version_id));
    for (const head of some) {
      const content = contents.get(head.memory_version_id);
      const why = content && layOut(target, head.path, { content, expected: scan.files.get(head.path)?.stamp });
      if (why !== undefined) unplaced.set(head.path, why);
      if (!content || why !== undefined) continue;
      files.set(head.path, head.content_sha256);
      if (wasWritten(sides, target, head.path)) lost.set(head.path, LOST);
    }
  }
  const revision = store?.revision ?? GONE;
  if (files.size > 0 || sides.seen.place !== place || sides.seen.revision !== revision) {
    await stores.settle(target.mounted, { place, revision, files });
  }
  return { unplaced, lost, isDone: unplaced.size === 0 && removed.length === gone.length };
}

/** By the agent, since it was last the same on both sides; where nobody can write it was a server that died. */
function wasWritten({ seen, scan }: Sides, { access }: SyncTarget, name: string): boolean {
  const sha256 = scan.files.get(name)?.sha256;
  return access === 'read_write' && sha256 !== undefined && sha256 !== seen.files.get(name);
}

const LOST = 'was changed in its store at the same time, and is as it was written there: what you wrote is not saved';

function layOut(
  { root, drafts, access }: SyncTarget,
  name: string,
  { content, expected }: Pick<Parameters<typeof placeTreeFile>[1], 'expected'> & { content: Uint8Array },
): string | undefined {
  if (name.split('/').some((segment) => Buffer.byteLength(segment) > LONGEST_NAME)) {
    return `is not here: file names have ${LONGEST_NAME} bytes at most`;
  }
  const owner = access === 'read_write' ? sandboxOwner() : undefined;
  const draft = path.join(drafts, randomUUID());
  writeFileSync(draft, content);
  chmodSync(draft, 0o644);
  if (owner) chownSync(draft, owner.uid, owner.gid);
  const placed = placeTreeFile(root, { path: name, draft, expected, ...(owner && { owner }) });
  if (placed === 'placed') return undefined;
  rmSync(draft, { force: true });
  return NOT_PLACED[placed];
}

const NOT_PLACED: Readonly<Record<Exclude<Placed, 'placed'>, string>> = {
  changed: 'was written to just now',
  directory: 'is not here: a directory of this name is in its way',
  closed: 'is not here: it is forbidden to write in its directory',
};

const LONGEST_NAME = 255;
