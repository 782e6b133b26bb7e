import { isDeepStrictEqual } from 'node:util';
import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { Outbound } from '../../net/outbound.js';
import type { Database } from '../../storage/database.js';
import type { Secrets } from '../../vault/secrets.js';
import { mergeMetadata } from '../metadata.js';
import type { NounDeps } from '../noun.js';
import { type AgeCursor, type ArchivableQuery, newestLiveFirst, type Page, toPage } from '../page.js';
import type { VaultCredentialRow } from './vault-tables.js';
import { invalid, validate } from '../validate.js';
import { type Auth, mergeAuth, splitAuth, targetOf } from './credential-auth.js';
import {
  type Credential,
  openSecret,
  readCredentialRow,
  sealAuth,
  settingsOf,
  toCredential,
} from './credential-row.js';
import {
  type CredentialCreate,
  type CredentialUpdate,
  credentialCreateSchema,
  credentialUpdateSchema,
} from './credential-schema.js';
import { createExchange } from './exchange.js';
import { createRefresher } from './refresher.js';
import { type Validation, validateCredential } from './validation.js';
import { readActiveVault, readVault } from './vaults.js';

type Deleted = Anthropic.Beta.Vaults.BetaManagedAgentsDeletedCredential;

/** What comes back never holds a secret; an id that is in another vault is not found. */
export interface Credentials {
  /** `conflict_error` when an active one has the same server URL or variable name. Nothing is asked of the server. */
  create(vaultId: string, body: unknown): Promise<Credential>;
  retrieve(vaultId: string, id: string): Promise<Credential>;
  /** Refused once it is archived. */
  update(vaultId: string, id: string, body: unknown): Promise<Credential>;
  /** Newest first. */
  list(vaultId: string, query: ArchivableQuery): Promise<Page<Credential, AgeCursor>>;
  /** Nothing is left of it. */
  delete(vaultId: string, id: string): Promise<Deleted>;
  /** Its secret is gone then, its URL or name free. Idempotent. */
  archive(vaultId: string, id: string): Promise<Credential>;
  /** Tries an `mcp_oauth` credential at its server, and refreshes its token when that is refused. */
  validate(vaultId: string, id: string): Promise<Validation>;
}

export interface CredentialsDeps extends NounDeps {
  outbound: Outbound;
  secrets: Secrets;
}

export function createCredentials(deps: CredentialsDeps): Credentials {
  const { db, clock, workspace, announce } = deps;
  const exchange = createExchange(deps.outbound);
  const refresher = createRefresher({ ...deps, exchange });
  const read = (vaultId: string, id: string) => readCredentialRow(db, { workspace, vaultId, id });
  return {
    create(vaultId, body) {
      const params = validate(credentialCreateSchema, body);
      return db.transaction().execute((tx) => insertCredential({ ...deps, db: tx }, vaultId, params));
    },

    retrieve: async (vaultId, id) => toCredential(await read(vaultId, id)),

    update(vaultId, id, body) {
      const update = validate(credentialUpdateSchema, body);
      return db.transaction().execute(async (tx) => {
        const row = await readCredentialRow(tx, { workspace, vaultId, id });
        if (row.archived_at !== null) {
          throw invalid('credential_id', `credential ${id} is archived and cannot be changed`);
        }
        return updateCredential({ ...deps, db: tx }, row, update);
      });
    },

    async list(vaultId, query) {
      await readVault(db, workspace, vaultId);
      const rows = await db
        .selectFrom('vault_credentials')
        .selectAll()
        .where('vault_id', '=', vaultId)
        .$call(newestLiveFirst(query))
        .execute();
      return toPage(rows, query.limit, toCredential);
    },

    async delete(vaultId, id) {
      await db.transaction().execute(async (tx) => {
        await readCredentialRow(tx, { workspace, vaultId, id });
        await tx.deleteFrom('vault_credentials').where('id', '=', id).where('vault_id', '=', vaultId).execute();
        await announce(tx, { type: 'vault_credential.deleted', id, vault_id: vaultId });
      });
      return { id, type: 'vault_credential_deleted' };
    },

    async archive(vaultId, id) {
      await read(vaultId, id);
      const now = clock();
      await db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('vault_credentials')
          .set({ archived_at: now, updated_at: now, target: null, key_id: null, secret: null })
          .where('id', '=', id)
          .where('archived_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows > 0n) await announce(tx, { type: 'vault_credential.archived', id, vault_id: vaultId });
      });
      return toCredential(await read(vaultId, id));
    },

    validate: async (vaultId, id) =>
      validateCredential({ secrets: deps.secrets, exchange, refresher }, await read(vaultId, id)),
  };
}

type WriteDeps = Omit<CredentialsDeps, 'outbound'>;

const MAX_ACTIVE = 20;

async function insertCredential(
  { db, clock, workspace, secrets, announce }: WriteDeps,
  vault_id: string,
  { auth, display_name = null, metadata = {} }: CredentialCreate,
): Promise<Credential> {
  await readActiveVault(db, workspace, vault_id);
  const split = splitAuth(auth);
  await makeRoom(db, vault_id, split.auth);
  const id = newId('vcrd');
  const now = clock();
  const row: VaultCredentialRow = {
    id,
    workspace,
    vault_id,
    created_at: now,
    updated_at: now,
    archived_at: null,
    ...sealAuth(secrets, id, { display_name, metadata }, split),
  };
  await db.insertInto('vault_credentials').values(row).execute();
  await announce(db, { type: 'vault_credential.created', id, vault_id });
  return toCredential(row);
}

async function makeRoom(db: Database, vaultId: string, auth: Auth): Promise<void> {
  const active = await db
    .selectFrom('vault_credentials')
    .select(['id', 'target'])
    .where('vault_id', '=', vaultId)
    .where('archived_at', 'is', null)
    .execute();
  const target = targetOf(auth);
  const rival = active.find((other) => other.target === target);
  if (rival) {
    const field = auth.type === 'environment_variable' ? 'secret_name' : 'mcp_server_url';
    throw new ApiError('conflict_error', `auth.${field}: credential ${rival.id} of this vault has the same`);
  }
  if (active.length >= MAX_ACTIVE) throw invalid('vault_id', `this vault has ${MAX_ACTIVE} credentials already`);
}

async function updateCredential(
  { db, clock, secrets }: WriteDeps,
  row: VaultCredentialRow,
  update: CredentialUpdate,
): Promise<Credential> {
  const { auth, ...settings } = settingsOf(row);
  const stored = { auth, secret: openSecret(secrets, row) ?? {} };
  const merged = update.auth === undefined ? stored : mergeAuth(stored, update.auth);
  const changed = {
    display_name: update.display_name === undefined ? settings.display_name : update.display_name,
    metadata: mergeMetadata(settings.metadata, update.metadata),
  };
  if (isDeepStrictEqual([changed, merged], [settings, stored])) return toCredential(row);
  const columns = { ...sealAuth(secrets, row.id, changed, merged), updated_at: clock() };
  await db.updateTable('vault_credentials').set(columns).where('id', '=', row.id).execute();
  return toCredential({ ...row, ...columns });
}
