import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { NounDeps } from '../noun.js';
import type { Page } from '../page.js';
import type { MemoryRow } from './memory-tables.js';
import { validate } from '../validate.js';
import type { Actor } from './actor.js';
import { type ItemCursor, type ItemQuery, listItems } from './memory-list.js';
import { type Memory, readMemory, toMemory, type View } from './memory-rows.js';
import { memoryCreateSchema, memoryUpdateSchema } from './memory-schema.js';
import { addMemory, changeMemory, isSame, removeMemory, type Write } from './memory-write.js';
import { checkActive, lockStore, readStore } from './store-rows.js';

export type MemoryItem = Anthropic.Beta.MemoryStores.BetaManagedAgentsMemoryListItem;
type Deleted = Anthropic.Beta.MemoryStores.BetaManagedAgentsDeletedMemory;

/** The memories of a store, of which each change is kept as a version; an id that is in another store is not found. */
export interface Memories {
  create(actor: Actor, storeId: string, body: unknown, view: View): Promise<Memory>;
  retrieve(storeId: string, id: string, view: View): Promise<Memory>;
  /** With a precondition that does not hold `memory_precondition_failed_error`, unless there is nothing to change. */
  update(actor: Actor, address: MemoryAddress, body: unknown, view: View): Promise<Memory>;
  /** In the order of their paths' bytes. */
  list(storeId: string, query: ItemQuery): Promise<Page<MemoryItem, ItemCursor>>;
  /** Refused where another content is expected than there is. Its versions stay. */
  delete(actor: Actor, address: MemoryAddress, expectedSha256?: string): Promise<Deleted>;
}

export interface MemoryAddress {
  storeId: string;
  id: string;
}

export function createMemories({ db, clock, workspace }: NounDeps): Memories {
  const write = <Result>(actor: Actor, storeId: string, act: (write: Write) => Promise<Result>) =>
    db.transaction().execute(async (tx) => {
      const store = await lockStore(tx, workspace, storeId);
      return act({ tx, clock, store, actor });
    });
  return {
    create(actor, storeId, body, view) {
      const { path, content } = validate(memoryCreateSchema, body);
      return write(actor, storeId, async (changes) => {
        checkActive(changes.store);
        const bytes = Buffer.from(content);
        return shown(await addMemory(changes, path, bytes), bytes, view);
      });
    },

    async retrieve(storeId, id, view) {
      await readStore(db, workspace, storeId);
      return toMemory(await readMemory(db, storeId, id, view));
    },

    update(actor, { storeId, id }, body, view) {
      const update = validate(memoryUpdateSchema, body);
      return write(actor, storeId, async (changes) => {
        checkActive(changes.store);
        const row = await readMemory(changes.tx, storeId, id, 'basic');
        const change = { path: update.path ?? row.path, content: toBytes(update.content) };
        if (!isSame(row, change)) checkHash(row, update.precondition?.content_sha256);
        await changeMemory(changes, row, change);
        return toMemory(await readMemory(changes.tx, storeId, id, view));
      });
    },

    async list(storeId, query) {
      await readStore(db, workspace, storeId);
      const { data, next } = await listItems(db, storeId, query);
      return { data: data.map((item) => ('id' in item ? toMemory(item) : item)), next };
    },

    delete(actor, { storeId, id }, expectedSha256) {
      return write(actor, storeId, async (changes) => {
        const row = await readMemory(changes.tx, storeId, id, 'basic');
        checkHash(row, expectedSha256);
        await removeMemory(changes, row);
        return { id, type: 'memory_deleted' as const };
      });
    },
  };
}

function shown(row: MemoryRow, content: Uint8Array, view: View): Memory {
  return toMemory(view === 'full' ? { ...row, content } : row);
}

function toBytes(content: string | null | undefined): Uint8Array | undefined {
  return content === null || content === undefined ? undefined : Buffer.from(content);
}

function checkHash(row: MemoryRow, expected: string | undefined): void {
  if (expected === undefined || expected === row.content_sha256) return;
  throw new ApiError('memory_precondition_failed_error', `Memory ${row.id} has another content than was expected.`);
}
