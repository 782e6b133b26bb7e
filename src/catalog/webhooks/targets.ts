import type { Database } from '../../storage/database.js';
import type { Secrets } from '../../vault/secrets.js';
import type { Targets } from '../../webhooks/webhooks.js';
import type { Clock } from '../clock.js';

/** An endpoint is disabled once so many events in a row could not be delivered, the first of them so long ago (unknowns 98). */
const FAILURES = 20;
const FAILING_MS = 24 * 3_600_000;

/** Endpoints as deliveries see them. */
export function createTargets({ db, secrets, now }: { db: Database; secrets: Secrets; now: Clock }): Targets {
  const disable = async (tx: Database, id: string, reason: string): Promise<void> => {
    await tx
      .updateTable('webhook_endpoints')
      .set({ state: 'disabled', disabled_reason: reason, updated_at: now() })
      .where('id', '=', id)
      .where('state', '=', 'enabled')
      .execute();
  };
  return {
    async find(id) {
      const row = await db
        .selectFrom('webhook_endpoints')
        .select(['url', 'key_id', 'secret'])
        .where('id', '=', id)
        .where('state', '=', 'enabled')
        .executeTakeFirst();
      if (!row) return undefined;
      try {
        return { url: row.url, secret: secrets.open(id, row) };
      } catch (error) {
        // No later attempt could sign, either.
        await disable(db, id, 'The signing secret cannot be opened: have a new one made, then enable the endpoint.');
        throw error;
      }
    },

    async succeeded(id) {
      await db
        .updateTable('webhook_endpoints')
        .set({ failures: 0, failing_since: null })
        .where('id', '=', id)
        .where('failures', '>', 0)
        .execute();
    },

    failed: (id) =>
      db.transaction().execute(async (tx) => {
        const row = await tx
          .selectFrom('webhook_endpoints')
          .select(['failures', 'failing_since'])
          .where('id', '=', id)
          .executeTakeFirst();
        if (!row) return;
        const failures = row.failures + 1;
        const failing_since = row.failing_since ?? now();
        await tx.updateTable('webhook_endpoints').set({ failures, failing_since }).where('id', '=', id).execute();
        if (failures < FAILURES || now() - failing_since < FAILING_MS) return;
        await disable(tx, id, 'No event could be delivered for 24 hours.');
      }),

    disable: (id, reason) => disable(db, id, reason),
  };
}
