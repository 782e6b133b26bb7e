import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import type { NounDeps } from '../noun.js';
import { type AgeCursor, type ArchivableQuery, newestLiveFirst, type Page, toPage } from '../page.js';
import type { TunnelCertificateRow } from './tunnel-tables.js';
import { invalid, validate } from '../validate.js';
import { certificatePemSchema, readCaCertificate } from './ca-certificate.js';
import { readLiveTunnel, readTunnel } from './tunnels.js';

export type TunnelCertificate = Anthropic.Beta.Tunnels.BetaTunnelCertificate;

/** The CA certificates a tunnel trusts: at most two that are not archived. */
export interface TunnelCertificates {
  create(tunnelId: string, body: unknown): Promise<TunnelCertificate>;
  retrieve(tunnelId: string, id: string): Promise<TunnelCertificate>;
  /** Newest first. */
  list(tunnelId: string, query: ArchivableQuery): Promise<Page<TunnelCertificate, AgeCursor>>;
  /** The last one may go, too. Idempotent. */
  archive(tunnelId: string, id: string): Promise<TunnelCertificate>;
}

export function createTunnelCertificates({ db, clock, workspace }: NounDeps): TunnelCertificates {
  const read = async (tx: Database, tunnelId: string, id: string) => {
    await readTunnel(tx, workspace, tunnelId);
    return readRow(tx, tunnelId, id);
  };
  return {
    async create(tunnel_id, body) {
      const { ca_certificate_pem } = validate(createSchema, body);
      const certificate = readCaCertificate(ca_certificate_pem);
      const row = { id: newId('tcrt'), workspace, tunnel_id, ...certificate, created_at: clock(), archived_at: null };
      await db.transaction().execute(async (tx) => {
        await readLiveTunnel(tx, workspace, tunnel_id);
        await checkRoom(tx, tunnel_id);
        await tx.insertInto('tunnel_certificates').values(row).execute();
      });
      return toCertificate(row);
    },

    retrieve: async (tunnelId, id) => toCertificate(await read(db, tunnelId, id)),

    async list(tunnelId, query) {
      await readTunnel(db, workspace, tunnelId);
      const rows = await db
        .selectFrom('tunnel_certificates')
        .selectAll()
        .where('tunnel_id', '=', tunnelId)
        .$call(newestLiveFirst(query))
        .execute();
      return toPage(rows, query.limit, toCertificate);
    },

    archive: (tunnelId, id) =>
      db.transaction().execute(async (tx) => {
        const row = await read(tx, tunnelId, id);
        const archived_at = row.archived_at ?? clock();
        await tx.updateTable('tunnel_certificates').set({ archived_at }).where('id', '=', id).execute();
        return toCertificate({ ...row, archived_at });
      }),
  };
}

const MAX_LIVE = 2;

const createSchema = z.strictObject({ ca_certificate_pem: certificatePemSchema }) satisfies z.ZodType<
  Omit<Anthropic.Beta.Tunnels.CertificateCreateParams, 'betas' | 'workspace_id'>
>;

async function readRow(db: Database, tunnelId: string, id: string): Promise<TunnelCertificateRow> {
  const row = await db
    .selectFrom('tunnel_certificates')
    .selectAll()
    .where('id', '=', id)
    .where('tunnel_id', '=', tunnelId)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no certificate ${id} in tunnel ${tunnelId}.`);
  return row;
}

async function checkRoom(tx: Database, tunnelId: string): Promise<void> {
  const live = await tx
    .selectFrom('tunnel_certificates')
    .select('id')
    .where('tunnel_id', '=', tunnelId)
    .where('archived_at', 'is', null)
    .execute();
  if (live.length >= MAX_LIVE) {
    throw invalid('tunnel_id', `tunnel ${tunnelId} has ${MAX_LIVE} certificates already; archive one of them first`);
  }
}

function toCertificate(row: TunnelCertificateRow): TunnelCertificate {
  const { id, tunnel_id, fingerprint, expires_at, created_at, archived_at } = row;
  return {
    type: 'tunnel_certificate',
    id,
    tunnel_id,
    fingerprint,
    expires_at: toTimestamp(expires_at),
    created_at: toTimestamp(created_at),
    archived_at: toTimestamp(archived_at),
  };
}
