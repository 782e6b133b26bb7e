import type Anthropic from '@anthropic-ai/sdk';
import type { Database } from '../../storage/database.js';
import type { Page } from '../page.js';
import { rangeBelow } from './memory-path.js';
import { type MemoryRead, selectMemories, type View } from './memory-rows.js';

type Prefix = Anthropic.Beta.MemoryStores.BetaManagedAgentsMemoryPrefix;

/** A place in the list: what follows this memory, or what follows all that lies below this prefix. */
export interface ItemCursor {
  after: string;
}

export interface ItemQuery {
  limit: number;
  page?: ItemCursor;
  view: View;
  /** Ends with "/". */
  path_prefix: string;
  /** 1: what lies in a directory below is shown by the directory alone. */
  depth: 0 | 1;
}

/**
 * A page of memories and directories in the order of their paths' bytes. All below a directory stand together in that
 * order, so one seek leads past them, however many they are: a page costs a read for each directory in it at most.
 */
export async function listItems(
  db: Database,
  storeId: string,
  { limit, page, view, path_prefix, depth }: ItemQuery,
): Promise<Page<MemoryRead | Prefix, ItemCursor>> {
  const [first, end] = rangeBelow(path_prefix);
  const items: (MemoryRead | Prefix)[] = [];
  for (let start = page ? beyond(page.after) : first; items.length <= limit;) {
    const asked = limit + 1 - items.length;
    const rows = await selectMemories(db, storeId, view)
      .where('memories.path', '>=', start)
      .where('memories.path', '>=', first)
      .where('memories.path', '<', end)
      .orderBy('memories.path')
      .limit(asked)
      .execute();
    items.push(...rollUp(rows, path_prefix, depth));
    const last = items.at(-1);
    if (rows.length < asked || last === undefined) break;
    start = beyond(last.path);
  }
  const data = items.slice(0, limit);
  const last = data.at(-1);
  return { data, next: items.length > limit && last ? { after: last.path } : null };
}

/** From where the list goes on. No path has a control character, so this is less than any that follows. */
function beyond(path: string): string {
  return path.endsWith('/') ? rangeBelow(path)[1] : `${path}\u0001`;
}

function rollUp(rows: MemoryRead[], prefix: string, depth: 0 | 1): (MemoryRead | Prefix)[] {
  const items: (MemoryRead | Prefix)[] = [];
  for (const row of rows) {
    const end = depth === 0 ? -1 : row.path.indexOf('/', prefix.length);
    if (end < 0) items.push(row);
    else if (items.at(-1)?.path !== row.path.slice(0, end + 1)) {
      items.push({ type: 'memory_prefix', path: row.path.slice(0, end + 1) });
    }
  }
  return items;
}
