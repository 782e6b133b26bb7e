import { ApiError } from '../../api-error.js';

/**
 * Does something to each, one after the other. One that fails keeps none of the others waiting, and is thrown at the end;
 * where nothing can be reached, the rest is not tried.
 */
export async function forEachOf<Item>(items: readonly Item[], act: (item: Item) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) {
    try {
      await act(item);
    } catch (error) {
      if (error instanceof ApiError && error.type === 'unavailable_error') throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
