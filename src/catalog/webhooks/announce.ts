import { batches } from '../../batches.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import { type Clock, toTimestamp } from '../clock.js';
import { ORGANIZATION } from '../workspace.js';
import type { Courier } from './courier.js';
import { enabledEvents, selectEndpoints } from './endpoint-row.js';
import type { Announcement } from './event-types.js';

/**
 * Says that something has happened, in the transaction that makes it so: both are committed or neither is. Only endpoints
 * that are told of this now will hear of it. Where nothing changes nothing is announced.
 */
export type Announce = (tx: Database, event: Announcement) => Promise<void>;

/** For what happens in one workspace. */
export function createAnnounce(deps: { workspace: string; clock: Clock; courier: Courier }): Announce {
  const { workspace, clock, courier } = deps;
  return async (tx, data) => {
    const event = { id: newId('whe'), at: clock(), data };
    if (await fillOutbox(tx, workspace, [event])) courier.outboxFilled();
  };
}

export interface Occurrence {
  /** The webhook event's. */
  id: string;
  /** When it happened, in ms. */
  at: number;
  data: Announcement;
}

/** Writes what is to be sent, to whom; false when nobody wants to hear of it. The same event twice is written once. */
export async function fillOutbox(tx: Database, workspace: string, events: readonly Occurrence[]): Promise<boolean> {
  const [own, organizations] = [events.filter((event) => !isOrganizations(event)), events.filter(isOrganizations)];
  const filled = [await fillFor(tx, workspace, own, workspace), await fillFor(tx, null, organizations, workspace)];
  return filled.includes(true);
}

/** These have no workspace. */
function isOrganizations({ data }: Occurrence): boolean {
  return /^(user_profile|external_key)\./.test(data.type);
}

async function fillFor(tx: Database, owner: string | null, events: readonly Occurrence[], workspace: string) {
  if (events.length === 0) return false;
  const endpoints = await selectEndpoints(tx, owner).where('state', '=', 'enabled').execute();
  const rows = endpoints.flatMap((endpoint) => {
    const since = enabledEvents(endpoint);
    const wanted = events.filter(({ data, at }) => at >= (since[data.type] ?? Infinity));
    return wanted.map((event) => ({
      event_id: event.id,
      endpoint_id: endpoint.id,
      workspace,
      created_at: event.at,
      body: bodyOf(event, owner),
    }));
  });
  for (const some of batches(rows, ROWS_AT_ONCE)) {
    await tx
      .insertInto('webhook_outbox')
      .values(some)
      .onConflict((conflict) => conflict.columns(['event_id', 'endpoint_id']).doNothing())
      .execute();
  }
  return rows.length > 0;
}

/** A statement has no more than some thousand parameters. */
const ROWS_AT_ONCE = 500;

function bodyOf({ id, at, data }: Occurrence, owner: string | null): string {
  const whose = { organization_id: ORGANIZATION, ...(owner !== null && { workspace_id: owner }) };
  return JSON.stringify({ type: 'event', id, created_at: toTimestamp(at), data: { ...data, ...whose } });
}
