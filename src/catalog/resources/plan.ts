import type { Clock } from '../clock.js';
import type { EnvironmentConfig } from '../environments/environment-config.js';
import { type NewCopy, planCopies } from '../files/copies.js';
import { type Attachment, attachStores } from '../memory/attachments.js';
import type { NounDeps } from '../noun.js';
import type { SessionResourceRow } from './resource-tables.js';
import { unreachable } from '../unreachable.js';
import { invalid } from '../validate.js';
import { checkCollisions, filePath, repositoryPath } from './mount-path.js';
import type { ResourceSettings } from './resource-rows.js';
import type { FileParams, RepositoryParams, ResourceParams } from './resource-schema.js';
import { repositoryName } from './repository-url.js';

/** A resource that may be attached, and what that takes. */
export interface Planned {
  type: SessionResourceRow['type'];
  settings: ResourceSettings[SessionResourceRow['type']];
  memory_store_id?: string;
  /** The session's own file, of the same bytes. */
  copy?: NewCopy;
  /** To be sealed. */
  token?: string;
}

type PlanDeps = Pick<NounDeps, 'db' | 'workspace'> & { now: Clock };

export const MAX_FILES = 500;
const MAX_MEMORY_STORES = 8;

/**
 * What becomes of a session's resources; refuses what is not there or has expired, and what does not go together with
 * the others or with `taken`, the paths of those that the session has already.
 */
export async function planResources(
  deps: PlanDeps,
  resources: readonly ResourceParams[],
  { field = 'resources', taken = [] }: { field?: string; taken?: readonly string[] } = {},
): Promise<Planned[]> {
  const at = (index: number, name: string) => (field === '' ? name : `${field}.${index}.${name}`);
  checkCounts(resources);
  const files = resources.flatMap((resource, index) =>
    resource.type === 'file' ? [{ ...resource, field: at(index, 'file_id') }] : [],
  );
  const copies = await planCopies(deps, files);
  const stores = resources.flatMap((resource, index) =>
    resource.type === 'memory_store' ? [{ ...resource, field: at(index, 'memory_store_id') }] : [],
  );
  const attached = await attachStores(deps.db, deps.workspace, stores);
  const planned = resources.map((resource, index): Planned => {
    switch (resource.type) {
      case 'file':
        return planFile(resource, copies.shift(), at(index, 'mount_path'));
      case 'github_repository':
        return planRepository(resource, (name) => at(index, name));
      case 'memory_store':
        return planStore(attached.shift());
      default:
        return unreachable(resource);
    }
  });
  const paths = planned.map(({ settings }, index) => ({
    path: settings.mount_path ?? '',
    field: at(index, 'mount_path'),
  }));
  checkCollisions([...taken.map((path) => ({ path, field: at(0, 'mount_path') })), ...paths]);
  return planned;
}

/** Refuses what a self-hosted environment's sandboxes cannot hold. */
export function checkResourcesFit(
  resources: readonly ResourceParams[],
  environment: { id: string; config: EnvironmentConfig },
): void {
  if (environment.config.type !== 'self_hosted' || resources.every(({ type }) => type === 'memory_store')) return;
  throw invalid(
    'resources',
    `${environment.id} is a self-hosted environment. \`resources\` are not supported with self-hosted environments.`,
    'self_hosted_resources_unsupported',
  );
}

function checkCounts(resources: readonly ResourceParams[]): void {
  const count = (type: ResourceParams['type']) => resources.filter((resource) => resource.type === type).length;
  if (count('file') > MAX_FILES) throw invalid('resources', `has more than ${MAX_FILES} files`);
  if (count('memory_store') > MAX_MEMORY_STORES) {
    throw invalid('resources', `has more than ${MAX_MEMORY_STORES} memory stores`);
  }
}

function planFile({ file_id, mount_path }: FileParams, copy: NewCopy | undefined, field: string): Planned {
  if (!copy) throw new Error(`Nothing is planned for file ${file_id}.`);
  return { type: 'file', settings: { file_id: copy.id, mount_path: filePath(mount_path, file_id, field) }, copy };
}

function planStore(attachment: Attachment | undefined): Planned {
  if (!attachment) throw new Error('Nothing is planned for a memory store.');
  const { type, memory_store_id, ...settings } = attachment;
  return { type, memory_store_id, settings };
}

function planRepository(params: RepositoryParams, at: (name: string) => string): Planned {
  const { url, checkout, authorization_token: token } = params;
  const name = repositoryName(url, at('url'));
  const mount_path = repositoryPath(params.mount_path, name, at('mount_path'));
  const settings = { url, mount_path, ...(checkout && { checkout }) };
  return { type: 'github_repository', settings, ...(token !== undefined && { token }) };
}
