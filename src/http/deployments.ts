import type { DeploymentRunQuery, DeploymentRuns } from '../catalog/deployments/deployment-runs.js';
import type { DeploymentQuery, Deployments } from '../catalog/deployments/deployments.js';
import type { Handlers } from './handler.js';
import { createAgeCursor, createArchivableList, readPage, toPageCursor } from './page.js';
import type { Query } from './query.js';

const RUN_LIMITS = { default: 20, max: 1_000 };
const listDeployments = createArchivableList('deployments');
const runCursor = createAgeCursor('deployment_runs');

/** Endpoints §9. */
export function deploymentHandlers(deployments: Deployments, runs: DeploymentRuns): Handlers {
  return {
    'deployments.create': ({ body }) => deployments.create(body),
    'deployments.retrieve': ({ param }) => deployments.retrieve(param('deployment_id')),
    'deployments.update': ({ param, body }) => deployments.update(param('deployment_id'), body),
    'deployments.list': ({ query }) =>
      listDeployments(query, (page) => deployments.list({ ...page, ...readFilter(query) })),
    'deployments.archive': ({ param }) => deployments.archive(param('deployment_id')),
    'deployments.pause': ({ param }) => deployments.pause(param('deployment_id')),
    'deployments.unpause': ({ param }) => deployments.unpause(param('deployment_id')),
    'deployments.run': ({ param }) => deployments.run(param('deployment_id')),
    'deploymentRuns.retrieve': ({ param }) => runs.retrieve(param('deployment_run_id')),
    'deploymentRuns.list': async ({ query }) => {
      const page = readPage(query, runCursor, RUN_LIMITS);
      return toPageCursor(await runs.list({ ...page, ...readRunFilter(query) }), runCursor);
    },
  };
}

function readFilter(query: Query): Omit<DeploymentQuery, 'limit'> {
  const agent_id = query.text('agent_id');
  const status = query.oneOf('status', ['active', 'paused']);
  const created_at = query.times('created_at', ['gte', 'lte']);
  return {
    ...(agent_id !== undefined && { agent_id }),
    ...(status !== undefined && { status }),
    ...(created_at && { created_at }),
  };
}

function readRunFilter(query: Query): Omit<DeploymentRunQuery, 'limit'> {
  const deployment_id = query.text('deployment_id');
  const has_error = query.flag('has_error');
  const trigger_type = query.oneOf('trigger_type', ['schedule', 'manual']);
  const created_at = query.times('created_at', ['gt', 'gte', 'lt', 'lte']);
  return {
    ...(deployment_id !== undefined && { deployment_id }),
    ...(has_error !== undefined && { has_error }),
    ...(trigger_type !== undefined && { trigger_type }),
    ...(created_at && { created_at }),
  };
}
