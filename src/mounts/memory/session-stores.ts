import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Attachment } from '../../catalog/memory/attachments.js';
import type { MountedStores } from '../../catalog/memory/mounted-store.js';
import type { Mount } from '../../sandbox/sandbox.js';
import { makeMountDirectory } from '../directory.js';
import { describeProblems, MEMORY_ROOT, NOT_SAVED } from './described.js';
import type { LiveStore } from './live-stores.js';
import { isSameScan, type Scan } from './scan.js';
import { GONE, syncStore } from './sync.js';
import { identityOf } from './tree.js';

/** The stores of one session, on this machine. */
export interface SessionStores {
  sessionId: string;
  /** All of it is below this directory. */
  directory: string;
  attachments: readonly Attachment[];
  liveOf(storeId: string): LiveStore;
}

/** Lays out what is new in the stores; costs next to nothing where nothing is. */
export async function bringUp(stores: MountedStores, session: SessionStores): Promise<void> {
  const ids = session.attachments.map((one) => one.memory_store_id);
  await makeMountDirectory(baseOf(session), 'read_only');
  mkdirSync(draftsOf(session), { recursive: true });
  const revisions = await stores.readRevisions(ids);
  for (const attachment of session.attachments) {
    const id = attachment.memory_store_id;
    const root = rootOf(session, id);
    await makeMountDirectory(root, attachment.access);
    const live = session.liveOf(id);
    const isCurrent = live.revision === (revisions.get(id) ?? GONE) && live.place === identityOf(root);
    if (!isCurrent) await sync(stores, session, attachment);
    live.isTold = true;
  }
  tell(session);
}

/** Makes versions of what was written; costs a look at the directories where nothing was. */
export async function takeIn(stores: MountedStores, session: SessionStores): Promise<void> {
  for (const attachment of session.attachments) {
    const id = attachment.memory_store_id;
    const root = rootOf(session, id);
    // What was never laid out was never written to.
    if (attachment.access === 'read_only' || !existsSync(root)) continue;
    const live = session.liveOf(id);
    if (live.isTold) Object.assign(live, { lost: new Map(), isTold: false });
    const scan = await live.scan(root);
    const isTaken = live.taken !== undefined && live.place === identityOf(root) && isSameScan(live.taken, scan);
    if (!isTaken) await sync(stores, session, attachment, scan);
  }
  if (existsSync(baseOf(session))) tell(session);
}

/** Lays out what is new in one store, where it is laid out. */
export async function renew(stores: MountedStores, session: SessionStores, storeId: string): Promise<void> {
  const attachment = session.attachments.find((one) => one.memory_store_id === storeId);
  if (!attachment || !existsSync(rootOf(session, storeId))) return;
  await sync(stores, session, attachment);
  tell(session);
}

/** For when all has been taken in for the last time: what is half removed must not look as if the agent had deleted it. */
export function retire({ directory }: SessionStores): void {
  const [stores, retired] = [path.join(directory, STORES), path.join(directory, 'retired')];
  if (!existsSync(stores)) return;
  rmSync(retired, { recursive: true, force: true });
  renameSync(stores, retired);
}

/** Where all this goes in the sandbox. */
export function mountsOf(session: SessionStores): Mount[] {
  const mounts = session.attachments.map(({ mount_path, memory_store_id, access }) => {
    return { at: mount_path, from: rootOf(session, memory_store_id), access };
  });
  return [{ at: MEMORY_ROOT, from: baseOf(session), access: 'read_only' }, ...mounts];
}

/** What the agent sees as `/mnt/memory`: places for the stores to be mounted at, and `not-saved.txt`. */
const baseOf = ({ directory }: SessionStores) => path.join(directory, 'base');
const draftsOf = ({ directory }: SessionStores) => path.join(directory, 'drafts');
const rootOf = ({ directory }: SessionStores, storeId: string) => path.join(directory, STORES, storeId);
const STORES = 'stores';

async function sync(
  stores: MountedStores,
  session: SessionStores,
  { memory_store_id, access }: Attachment,
  scanned?: Scan,
): Promise<void> {
  const live = session.liveOf(memory_store_id);
  const mounted = { session_id: session.sessionId, memory_store_id };
  const root = rootOf(session, memory_store_id);
  const place = identityOf(root);
  const target = { mounted, access, root, drafts: draftsOf(session), scan: live.scan };
  const synced = await syncStore(stores, target, scanned);
  Object.assign(live, { ...synced, lost: new Map([...live.lost, ...synced.lost]), place });
}

function tell(session: SessionStores): void {
  const problems = session.attachments.flatMap(({ memory_store_id, mount_path }) => {
    const { problems, lost } = session.liveOf(memory_store_id);
    return [...problems, ...lost].map(([name, why]): [string, string] => [mount_path + name, why]);
  });
  const text = describeProblems(problems);
  const file = path.join(baseOf(session), NOT_SAVED);
  if (text === undefined) rmSync(file, { force: true });
  else writeFileSync(file, text, { mode: 0o644 });
}
