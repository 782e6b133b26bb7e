import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import { readEnvironment } from '../environments/environments.js';
import type { AgeCursor, AgeQuery, Page } from '../page.js';
import type { ApiKeyRow } from './access-tables.js';
import { invalid, validate } from '../validate.js';
import { environmentKeyCreateSchema } from './access-schema.js';
import { insertKey, type KeysDeps, listKeys, revokeKey } from './key-rows.js';
import { administers, type Principal } from './principal.js';

export interface EnvironmentKeyInfo {
  type: 'environment_key';
  id: string;
  environment_id: string;
  workspace_id: string;
  name: string;
  /** Its first and last characters. */
  hint: string;
  created_at: string;
  revoked_at: string | null;
}

export interface EnvironmentKeyQuery extends AgeQuery {
  environment_id: string;
}

/** Keys that the workers of one self-hosted environment take work with. */
export interface EnvironmentKeys {
  /** With the key's text, which nobody can be shown again. */
  create(by: Principal, body: unknown): Promise<EnvironmentKeyInfo & { key: string }>;
  /** Newest first, revoked ones too. */
  list(by: Principal, query: EnvironmentKeyQuery): Promise<Page<EnvironmentKeyInfo, AgeCursor>>;
  /** From the next request on it opens nothing. Idempotent. */
  revoke(by: Principal, id: string): Promise<EnvironmentKeyInfo>;
}

export function createEnvironmentKeys({ db, clock }: KeysDeps): EnvironmentKeys {
  return {
    async create(by, body) {
      const { name, environment_id } = validate(environmentKeyCreateSchema, body);
      const now = clock();
      const { row, key } = await db.transaction().execute(async (tx) => {
        const workspace = await readWorkspaceOf(tx, by, environment_id);
        await checkHasWorkers(tx, workspace, environment_id);
        return insertKey(tx, { workspace, environment_id, name, scopes: [], now });
      });
      return { ...toEnvironmentKey(row), key };
    },

    async list(by, { environment_id, ...query }) {
      const workspace = await readWorkspaceOf(db, by, environment_id);
      return listKeys(db, { workspace, environment_id }, query, toEnvironmentKey);
    },

    revoke: async (by, id) => toEnvironmentKey(await revokeKey(db, { by, kind: 'environment_key', id, now: clock() })),
  };
}

async function checkHasWorkers(db: Database, workspace: string, id: string): Promise<void> {
  const { config } = await readEnvironment(db, workspace, id);
  if (config.type === 'self_hosted') return;
  throw invalid('environment_id', `environment ${id} is not self-hosted: it has no workers`);
}

async function readWorkspaceOf(db: Database, by: Principal, id: string): Promise<string> {
  const row = await db.selectFrom('environments').select('workspace').where('id', '=', id).executeTakeFirst();
  if (row && administers(by, row.workspace)) return row.workspace;
  throw new ApiError('not_found_error', `There is no environment ${id}.`);
}

function toEnvironmentKey(row: ApiKeyRow): EnvironmentKeyInfo {
  const { id, workspace, environment_id, name, hint } = row;
  if (environment_id === null) throw new Error(`${id} is no environment key.`);
  const [created_at, revoked_at] = [toTimestamp(row.created_at), toTimestamp(row.revoked_at)];
  return { type: 'environment_key', id, environment_id, workspace_id: workspace, name, hint, created_at, revoked_at };
}
