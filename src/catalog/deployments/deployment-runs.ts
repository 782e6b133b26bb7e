import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import type { NounDeps } from '../noun.js';
import { type AgeCursor, type AgeQuery, newestFirst, type Page, toPage } from '../page.js';
import type { DeploymentRunRow } from './deployment-tables.js';
import { type DeploymentRun, toRun } from './run-row.js';

/** What became of each time that a deployment was run. */
export interface DeploymentRuns {
  retrieve(id: string): Promise<DeploymentRun>;
  /** Newest first. */
  list(query: DeploymentRunQuery): Promise<Page<DeploymentRun, AgeCursor>>;
}

export interface DeploymentRunQuery extends AgeQuery {
  deployment_id?: string;
  has_error?: boolean;
  trigger_type?: DeploymentRunRow['trigger_type'];
  created_at?: { gt?: number; gte?: number; lt?: number; lte?: number };
}

export function createDeploymentRuns({ db, workspace }: NounDeps): DeploymentRuns {
  return {
    async retrieve(id) {
      const row = await selectSettled(db, workspace).where('id', '=', id).executeTakeFirst();
      if (!row) throw new ApiError('not_found_error', `There is no deployment run ${id}.`);
      return toRun(row);
    },
    async list(query) {
      const rows = await selectFiltered(db, workspace, query).$call(newestFirst(query)).execute();
      return toPage(rows, query.limit, toRun);
    },
  };
}

function selectSettled(db: Database, workspace: string) {
  return db.selectFrom('deployment_runs').selectAll().where('workspace', '=', workspace).where('pending', '=', 0);
}

function selectFiltered(db: Database, workspace: string, filter: DeploymentRunQuery) {
  const { deployment_id, has_error, trigger_type, created_at = {} } = filter;
  let query = selectSettled(db, workspace);
  if (deployment_id !== undefined) query = query.where('deployment_id', '=', deployment_id);
  if (has_error !== undefined) query = query.where('error', has_error ? 'is not' : 'is', null);
  if (trigger_type !== undefined) query = query.where('trigger_type', '=', trigger_type);
  if (created_at.gt !== undefined) query = query.where('created_at', '>', created_at.gt);
  if (created_at.gte !== undefined) query = query.where('created_at', '>=', created_at.gte);
  if (created_at.lt !== undefined) query = query.where('created_at', '<', created_at.lt);
  if (created_at.lte !== undefined) query = query.where('created_at', '<=', created_at.lte);
  return query;
}
