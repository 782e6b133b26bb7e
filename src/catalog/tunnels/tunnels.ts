import { randomBytes } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import type { NounDeps } from '../noun.js';
import { type AgeCursor, type ArchivableQuery, newestLiveFirst, type Page, toPage } from '../page.js';
import type { TunnelRow } from './tunnel-tables.js';
import { storedText } from '../stored-text.js';
import { invalid, validate } from '../validate.js';
import type { TokenText } from './tunnel-token.js';

export type Tunnel = Anthropic.Beta.BetaTunnel;
export type TunnelToken = Anthropic.Beta.BetaTunnelToken;

/** Tunnels as records: no connector exists that would carry traffic, so a tunnel's hostname is one that never resolves. */
export interface Tunnels {
  /** Not idempotent: each has a hostname of its own. */
  create(body: unknown): Promise<Tunnel>;
  retrieve(id: string): Promise<Tunnel>;
  /** Newest first. */
  list(query: ArchivableQuery): Promise<Page<Tunnel, AgeCursor>>;
  /** Takes its certificates along and ends its token. Irreversible, idempotent. */
  archive(id: string): Promise<Tunnel>;
  /** The same token until it is rotated. */
  revealToken(id: string): Promise<TunnelToken>;
  rotateToken(id: string, body: unknown): Promise<TunnelToken>;
}

export interface TunnelsDeps extends NounDeps {
  tokenText: TokenText;
}

export function createTunnels({ db, clock, workspace, tokenText }: TunnelsDeps): Tunnels {
  const toToken = (id: string): TunnelToken => ({ type: 'tunnel_token', id, tunnel_token: tokenText(id) });
  return {
    async create(body) {
      const { display_name = null } = validate(createSchema, body ?? {});
      const row = newRow(workspace, display_name, clock());
      await db.transaction().execute(async (tx) => {
        await tx.insertInto('tunnels').values(row).execute();
        await recordToken(tx, row, null);
      });
      return toTunnel(row);
    },

    retrieve: async (id) => toTunnel(await readTunnel(db, workspace, id)),

    async list(query) {
      const rows = await db
        .selectFrom('tunnels')
        .selectAll()
        .where('workspace', '=', workspace)
        .$call(newestLiveFirst(query))
        .execute();
      return toPage(rows, query.limit, toTunnel);
    },

    archive: (id) => db.transaction().execute((tx) => archiveTunnel(tx, { id, workspace, now: clock() })),

    revealToken: async (id) => toToken((await readLiveTunnel(db, workspace, id)).token_id),

    async rotateToken(id, body) {
      const { reason = null } = validate(rotateSchema, body ?? {});
      const now = clock();
      return db.transaction().execute(async (tx) => {
        const tunnel = { ...(await readLiveTunnel(tx, workspace, id)), token_id: newId('ttok'), created_at: now };
        await tx.updateTable('tunnels').set({ token_id: tunnel.token_id }).where('id', '=', id).execute();
        await recordToken(tx, tunnel, reason);
        return toToken(tunnel.token_id);
      });
    },
  };
}

/** One tunnel, archived or not; `not_found_error` when there is none. */
export async function readTunnel(db: Database, workspace: string, id: string): Promise<TunnelRow> {
  const row = await db
    .selectFrom('tunnels')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no tunnel ${id}.`);
  return row;
}

/** One that can still be used. */
export async function readLiveTunnel(db: Database, workspace: string, id: string): Promise<TunnelRow> {
  const row = await readTunnel(db, workspace, id);
  if (row.archived_at !== null)
    throw invalid('tunnel_id', `tunnel ${id} is archived, and its token is no longer valid`);
  return row;
}

type OfHeader = 'betas' | 'workspace_id';

const createSchema = z.strictObject({
  display_name: storedText(z.string().min(1).max(255)).nullable().exactOptional(),
}) satisfies z.ZodType<Omit<Anthropic.Beta.TunnelCreateParams, OfHeader>>;

const rotateSchema = z.strictObject({
  reason: storedText(z.string().max(1024)).nullable().exactOptional(),
}) satisfies z.ZodType<Omit<Anthropic.Beta.TunnelRotateTokenParams, OfHeader>>;

/** RFC 6761 keeps `invalid` for names that resolve to nothing. */
const DOMAIN = 'tunnels.drover.invalid';

function newRow(workspace: string, display_name: string | null, now: number): TunnelRow {
  return {
    id: newId('tnl'),
    workspace,
    domain: `${randomBytes(16).toString('hex')}.${DOMAIN}`,
    display_name,
    token_id: newId('ttok'),
    created_at: now,
    archived_at: null,
  };
}

async function recordToken(tx: Database, tunnel: TunnelRow, reason: string | null): Promise<void> {
  const { token_id: id, id: tunnel_id, workspace, created_at } = tunnel;
  await tx.insertInto('tunnel_tokens').values({ id, workspace, tunnel_id, created_at, reason }).execute();
}

async function archiveTunnel(tx: Database, { id, workspace, now }: { id: string; workspace: string; now: number }) {
  const row = await readTunnel(tx, workspace, id);
  if (row.archived_at !== null) return toTunnel(row);
  const archived_at = now;
  await tx.updateTable('tunnels').set({ archived_at }).where('id', '=', id).execute();
  await tx
    .updateTable('tunnel_certificates')
    .set({ archived_at })
    .where('tunnel_id', '=', id)
    .where('archived_at', 'is', null)
    .execute();
  return toTunnel({ ...row, archived_at });
}

function toTunnel({ id, domain, display_name, created_at, archived_at }: TunnelRow): Tunnel {
  return {
    type: 'tunnel',
    id,
    domain,
    display_name,
    created_at: toTimestamp(created_at),
    archived_at: toTimestamp(archived_at),
  };
}
