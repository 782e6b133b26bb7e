import { toTimestamp } from '../clock.js';
import type { AgeCursor, AgeQuery, Page } from '../page.js';
import type { ApiKeyRow } from './access-tables.js';
import { validate } from '../validate.js';
import { apiKeyCreateSchema } from './access-schema.js';
import { insertKey, type KeysDeps, listKeys, revokeKey, scopesOf } from './key-rows.js';
import type { Principal, Scope } from './principal.js';
import { readWorkspaceId } from './workspaces.js';

export interface ApiKeyInfo {
  type: 'api_key';
  id: string;
  workspace_id: string;
  name: string;
  scopes: Scope[];
  /** Its first and last characters. */
  hint: string;
  created_at: string;
  revoked_at: string | null;
}

export interface ApiKeyQuery extends AgeQuery {
  /** The caller's own when absent. */
  workspace_id?: string;
}

/** Keys of the API that are kept in the database. The one that the server was started with is not among them. */
export interface ApiKeys {
  /** With the key's text, which nobody can be shown again. */
  create(by: Principal, body: unknown): Promise<ApiKeyInfo & { key: string }>;
  /** Of one workspace, newest first, revoked ones too. */
  list(by: Principal, query: ApiKeyQuery): Promise<Page<ApiKeyInfo, AgeCursor>>;
  /** From the next request on it opens nothing. Idempotent. */
  revoke(by: Principal, id: string): Promise<ApiKeyInfo>;
}

export function createApiKeys({ db, clock }: KeysDeps): ApiKeys {
  return {
    async create(by, body) {
      const { name, workspace_id = by.workspace, scopes = DEFAULT_SCOPES } = validate(apiKeyCreateSchema, body);
      const now = clock();
      const { row, key } = await db.transaction().execute(async (tx) => {
        const workspace = await readWorkspaceId(tx, by, workspace_id);
        return insertKey(tx, { workspace, environment_id: null, name, scopes, now });
      });
      return { ...toApiKey(row), key };
    },

    async list(by, { workspace_id = by.workspace, ...query }) {
      return listKeys(
        db,
        { workspace: await readWorkspaceId(db, by, workspace_id), environment_id: null },
        query,
        toApiKey,
      );
    },

    revoke: async (by, id) => toApiKey(await revokeKey(db, { by, kind: 'api_key', id, now: clock() })),
  };
}

const DEFAULT_SCOPES: readonly Scope[] = ['read', 'write'];

function toApiKey(row: ApiKeyRow): ApiKeyInfo {
  const { id, workspace, name, hint } = row;
  const [created_at, revoked_at] = [toTimestamp(row.created_at), toTimestamp(row.revoked_at)];
  return { type: 'api_key', id, workspace_id: workspace, name, scopes: scopesOf(row), hint, created_at, revoked_at };
}
