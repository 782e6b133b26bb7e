import type Anthropic from '@anthropic-ai/sdk';
import type { Database } from '../../storage/database.js';
import { invalid } from '../validate.js';
import { readResources, settingsOf } from '../resources/resource-rows.js';
import { storeSettings } from './memory-stores.js';
import { readStore } from './store-rows.js';

type SdkResource = Anthropic.Beta.Sessions.BetaManagedAgentsMemoryStoreResource;

/** A store that a session was created with: its name and description as they were then. */
export type Attachment = SdkResource & {
  access: 'read_write' | 'read_only';
  name: string;
  description: string;
  instructions: string | null;
  mount_path: string;
};

type AttachmentParams = Anthropic.Beta.Sessions.BetaManagedAgentsMemoryStoreResourceParam;

/** Where stores are mounted. */
const MEMORY_ROOT = '/mnt/memory';

/** What a session's stores become when it is created; `field` is how errors name each. `not_found_error` for one that is not there. */
export async function attachStores(
  db: Database,
  workspace: string,
  given: readonly (AttachmentParams & { field: string })[],
): Promise<Attachment[]> {
  const attached: Attachment[] = [];
  for (const { field, memory_store_id, access, instructions } of given) {
    if (attached.some((other) => other.memory_store_id === memory_store_id)) {
      throw invalid(field, `memory store ${memory_store_id} is attached twice`);
    }
    const store = await readStore(db, workspace, memory_store_id);
    if (store.archived_at !== null) {
      const message = `memory store ${memory_store_id} is archived and cannot be attached`;
      throw invalid(field, message, 'memory_store_archived');
    }
    const { name, description } = storeSettings(store);
    const taken = attached.map((other) => other.mount_path);
    attached.push({
      type: 'memory_store',
      memory_store_id,
      access: access ?? 'read_write',
      name,
      description,
      instructions: instructions ?? null,
      mount_path: mountPath(memory_store_id, name, taken),
    });
  }
  return attached;
}

/** The stores of a session, in their order. */
export async function attachmentsOf(db: Database, sessionId: string): Promise<Attachment[]> {
  const rows = await readResources(db, [sessionId]);
  return rows.flatMap((row): Attachment[] => {
    if (row.type !== 'memory_store' || row.memory_store_id === null) return [];
    // Its settings are what was made of it above.
    const settings = settingsOf(row, 'memory_store') as Omit<Attachment, 'type' | 'memory_store_id'>;
    return [{ type: row.type, memory_store_id: row.memory_store_id, ...settings }];
  });
}

/** The name in lower case, each run of other characters than letters and digits a hyphen; numbered where it is taken. */
function mountPath(storeId: string, storeName: string, taken: readonly string[]): string {
  const slug = storeName.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  // Of a name without any letter nothing is left that would tell stores apart.
  const name = /[a-z0-9]/.test(slug) ? slug : storeId;
  for (let number = 1; ; number++) {
    const end = number === 1 ? '' : `-${number}`;
    const path = `${MEMORY_ROOT}/${name.slice(0, LONGEST_NAME - end.length)}${end}`;
    if (!taken.includes(path)) return path;
  }
}

/** What a directory's name may have; in lower case, a store's name may be longer than it was. */
const LONGEST_NAME = 255;
