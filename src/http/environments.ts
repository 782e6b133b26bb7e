import type { Environments } from '../catalog/environments/environments.js';
import type { Handlers } from './handler.js';
import { createArchivableList } from './page.js';

const listEnvironments = createArchivableList('environments');

/** Endpoints §3. */
export function environmentHandlers(environments: Environments): Handlers {
  return {
    'environments.create': ({ body }) => environments.create(body),
    'environments.retrieve': ({ param }) => environments.retrieve(param('environment_id')),
    'environments.update': ({ param, body }) => environments.update(param('environment_id'), body),
    'environments.list': ({ query }) => listEnvironments(query, (page) => environments.list(page)),
    'environments.delete': ({ param }) => environments.delete(param('environment_id')),
    'environments.archive': ({ param }) => environments.archive(param('environment_id')),
  };
}
