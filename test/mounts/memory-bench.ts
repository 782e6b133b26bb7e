import { join } from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { createRisingClock } from '../../src/catalog/clock.js';
import { createTurns } from '../../src/catalog/files/turns.js';
import type { Attachment } from '../../src/catalog/memory/attachments.js';
import { faultOfPath } from '../../src/catalog/memory/memory-path.js';
import { MAX_CONTENT_BYTES } from '../../src/catalog/memory/memory-schema.js';
import { createMountedStores, type MountedStores } from '../../src/catalog/memory/mounted-store.js';
import { createMemoryMounts, type MemoryMounts } from '../../src/mounts/memory/memory-mounts.js';
import type { MountPart } from '../../src/mounts/mounts.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { type Backend, type Bench, type Ended, run, setUp, smallSpec } from '../support/sandbox.js';

/** Memory stores by their API, and sandboxes that have them; the sessions between the two are only ids. */
export interface MemoryBench {
  server: TestServer;
  stores: Anthropic['beta']['memoryStores'];
  mounts: MemoryMounts;
  /** Where a session's directory of this part is. */
  directoryOf(sessionId: string): string;
  /** A session that has these stores, and a name for each to be mounted at. */
  open(attached: Record<string, Attached>): string;
  /** A tool call: everything is prepared, the script runs, what it wrote is collected. */
  call(sessionId: string, script: string): Promise<Ended>;
  /** The same without the last step: as far as a server came that was killed then. */
  callAndDie(sessionId: string, script: string): Promise<Ended>;
  /** Another process takes over, which knows nothing; what it asks of the stores may be led astray. */
  restart(astray?: (stores: MountedStores) => MountedStores): void;
  /** Another sandbox, the next time. */
  lose(sessionId: string): Promise<void>;
  newStore(files?: Record<string, string>): Promise<string>;
  contentsOf(store: string): Promise<Record<string, string | null | undefined>>;
  /** By the API. */
  change(store: string, path: string, content: string): Promise<void>;
  drop(store: string, path: string): Promise<void>;
  /** The newest 100. */
  versionsOf(store: string): Promise<(string | null | undefined)[][]>;
  stop(): Promise<void>;
}

export type Attached = string | { id: string; access: Attachment['access'] };

export async function startMemoryBench(backend: Backend): Promise<MemoryBench> {
  const server = await startTestServer();
  const bench = setUp(backend);
  const attachments = new Map<string, Attachment[]>();
  const directoryOf = (sessionId: string) => join(bench.dataDir, '.mounts', sessionId);
  const newMounts = (stores: MountedStores) =>
    createMemoryMounts({
      stores,
      directoryOf,
      attachmentsOf: async (sessionId) => attachments.get(sessionId) ?? [],
      rules: { faultOfPath, maxBytes: MAX_CONTENT_BYTES },
      turns: createTurns(),
      onError: (_id, error) => {
        throw error;
      },
    });
  const newStores = () => createMountedStores({ db: server.db, clock: createRisingClock() });
  const self: MemoryBench = {
    server,
    stores: server.client.beta.memoryStores,
    mounts: newMounts(newStores()),
    directoryOf,
    open(attached) {
      const id = `sesn_${attachments.size}`;
      attachments.set(id, Object.entries(attached).map(toAttachment));
      return id;
    },
    async call(sessionId, script) {
      const ended = await self.callAndDie(sessionId, script);
      await self.mounts.collect(sessionId);
      return ended;
    },
    async callAndDie(sessionId, script) {
      return run(await acquire(bench, self.mounts, sessionId), script);
    },
    restart(astray = (stores) => stores) {
      self.mounts = newMounts(astray(newStores()));
    },
    lose: (sessionId) => bench.sandboxes.destroy(sessionId),
    ...talkTo(server.client.beta.memoryStores),
    async stop() {
      await bench.clear();
      await server.stop();
    },
  };
  return self;
}

async function acquire({ sandboxes }: Bench, mounts: MountPart, sessionId: string): Promise<Sandbox> {
  return sandboxes.acquire(sessionId, { ...smallSpec, mounts: await mounts.prepare(sessionId) });
}

function toAttachment([name, attached]: [string, Attached]): Attachment {
  const { id, access } = typeof attached === 'string' ? { id: attached, access: 'read_write' as const } : attached;
  const told = { name, description: '', instructions: null };
  return { type: 'memory_store', memory_store_id: id, access, ...told, mount_path: `/mnt/memory/${name}` };
}

type Stores = MemoryBench['stores'];

function talkTo(stores: Stores): Pick<MemoryBench, 'newStore' | 'contentsOf' | 'change' | 'drop' | 'versionsOf'> {
  const find = async (memory_store_id: string, path: string) => {
    for await (const item of stores.memories.list(memory_store_id, { limit: 100 })) {
      if (item.type === 'memory' && item.path === path) return item.id;
    }
    throw new Error(`There is no ${path}.`);
  };
  return {
    async newStore(files = {}) {
      const { id } = await stores.create({ name: 's' });
      for (const [path, content] of Object.entries(files)) await stores.memories.create(id, { path, content });
      return id;
    },
    async contentsOf(store) {
      const found: Record<string, string | null | undefined> = {};
      for await (const item of stores.memories.list(store, { view: 'full' })) {
        if (item.type === 'memory') found[item.path] = item.content;
      }
      return found;
    },
    async change(memory_store_id, path, content) {
      await stores.memories.update(await find(memory_store_id, path), { memory_store_id, content });
    },
    async drop(memory_store_id, path) {
      await stores.memories.delete(await find(memory_store_id, path), { memory_store_id });
    },
    async versionsOf(store) {
      const { data } = await stores.memoryVersions.list(store, { limit: 100 });
      return data.map(({ operation, path, created_by }) => [operation, path, created_by?.type]);
    },
  };
}
