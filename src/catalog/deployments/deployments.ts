import { newId } from '../../ids.js';
import { type AgeCursor, type ArchivableQuery, newestLiveFirst, type Page, toPage } from '../page.js';
import { invalid, validate } from '../validate.js';
import type { FireResult } from '../../schedule/fire.js';
import type { Database } from '../../storage/database.js';
import type { EventParams } from '../sessions/event-schema.js';
import { toInputs } from '../sessions/input-events.js';
import { countFitting } from '../../storage/page-size.js';
import type { DeploymentsDeps } from './deployment-deps.js';
import { changeDeployment, insertDeployment } from './deployment-change.js';
import { type Deployment, readDeployment, toDeployment } from './deployment-row.js';
import { archiveDeployment, setPaused } from './deployment-state.js';
import { deploymentCreateSchema, deploymentUpdateSchema } from './deployment-schema.js';
import { completeRun } from './run-complete.js';
import { runByHand } from './run-by-hand.js';
import type { DeploymentRun } from './run-row.js';

/** Agents set up to work by themselves. A row is the truth; its Schedule at Temporal follows it. */
export interface Deployments {
  create(body: unknown): Promise<Deployment>;
  retrieve(id: string): Promise<Deployment>;
  /** Refused once it is archived. */
  update(id: string, body: unknown): Promise<Deployment>;
  /** Newest first. */
  list(query: DeploymentQuery): Promise<Page<Deployment, AgeCursor>>;
  /** For good. Idempotent. */
  archive(id: string): Promise<Deployment>;
  /** Nothing is run by itself any more. Idempotent; refused once it is archived, as all that follows. */
  pause(id: string): Promise<Deployment>;
  /** Goes on with the next occurrence. Idempotent. */
  unpause(id: string): Promise<Deployment>;
  /** A session now, also of a paused one. Why there could be none is told by the run. */
  run(id: string): Promise<DeploymentRun>;
  /** Brings a run that its Schedule caused to its end. Throws what another attempt may mend, unless this is the last. */
  completeRun(runId: string, attempt: { isLast: boolean }): Promise<FireResult>;
}

export interface DeploymentQuery extends ArchivableQuery {
  agent_id?: string;
  status?: Deployment['status'];
  created_at?: { gte?: number; lte?: number };
}

export function createDeployments(deps: DeploymentsDeps): Deployments {
  const { db, workspace, now } = deps;
  const retrieve = async (id: string) => toDeployment(await readDeployment(db, workspace, id), now());
  /** In a transaction; its Schedule is brought up to date at once, or later when Temporal cannot be reached now. */
  const follow = async (id: string, change: (deps: DeploymentsDeps) => Promise<unknown>) => {
    await db.transaction().execute((tx) => change({ ...deps, db: tx }));
    await deps.scheduleSync.attempt([id]);
    return retrieve(id);
  };
  /** Reads files, so it is no part of a transaction: who waits for the same bytes may wait for the database with them in hand. */
  const checkRubrics = (events: readonly EventParams[] = []) => toInputs(deps, events, 'initial_events');
  return {
    async create(body) {
      const params = validate(deploymentCreateSchema, body);
      await checkRubrics(params.initial_events);
      const id = newId('depl');
      return follow(id, async (tx) => {
        await insertDeployment(tx, id, params);
        await tx.announce(tx.db, { type: 'deployment.created', id });
      });
    },
    retrieve,
    async update(id, body) {
      const update = validate(deploymentUpdateSchema, body);
      await readDeployment(db, workspace, id);
      await checkRubrics(update.initial_events);
      return follow(id, async (tx) => {
        const isChanged = await changeDeployment(tx, id, update);
        if (isChanged) await tx.announce(tx.db, { type: 'deployment.updated', id });
      });
    },
    async list(query) {
      const newest = (limit: number) =>
        selectFiltered(db, workspace, query).$call(newestLiveFirst({ ...query, limit }));
      const limit = Math.min(query.limit, await countFitting(newest(query.limit), 'settings'));
      const at = now();
      return toPage(await newest(limit).execute(), limit, (row) => toDeployment(row, at));
    },
    archive: (id) => follow(id, (tx) => archiveDeployment(tx, id)),
    pause: (id) => follow(id, (tx) => setPaused(tx, id, { type: 'manual' })),
    unpause: (id) => follow(id, (tx) => setPaused(tx, id, null)),
    run: (id) => runByHand(deps, id),
    completeRun: (runId, { isLast }) => completeRun(deps, runId, isLast),
  };
}

function selectFiltered(db: Database, workspace: string, filter: DeploymentQuery) {
  const { agent_id, status, created_at = {} } = filter;
  if (status !== undefined && filter.include_archived === true) {
    throw invalid('status', 'cannot go with include_archived: what is archived counts as active');
  }
  let query = db.selectFrom('deployments').selectAll().where('workspace', '=', workspace);
  if (agent_id !== undefined) query = query.where('agent_id', '=', agent_id);
  if (status !== undefined) query = query.where('paused_reason', status === 'paused' ? 'is not' : 'is', null);
  if (created_at.gte !== undefined) query = query.where('created_at', '>=', created_at.gte);
  if (created_at.lte !== undefined) query = query.where('created_at', '<=', created_at.lte);
  return query;
}
