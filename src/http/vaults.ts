import type { Credentials } from '../catalog/vaults/credentials.js';
import type { Vaults } from '../catalog/vaults/vaults.js';
import type { Handlers } from './handler.js';
import { createArchivableList } from './page.js';

const listVaults = createArchivableList('vaults');
const listCredentials = createArchivableList('credentials');

/** Endpoints §5. */
export function vaultHandlers(vaults: Vaults, credentials: Credentials): Handlers {
  return {
    'vaults.create': ({ body }) => vaults.create(body),
    'vaults.retrieve': ({ param }) => vaults.retrieve(param('vault_id')),
    'vaults.update': ({ param, body }) => vaults.update(param('vault_id'), body),
    'vaults.list': ({ query }) => listVaults(query, (page) => vaults.list(page)),
    'vaults.delete': ({ param }) => vaults.delete(param('vault_id')),
    'vaults.archive': ({ param }) => vaults.archive(param('vault_id')),
    'vaults.credentials.create': ({ param, body }) => credentials.create(param('vault_id'), body),
    'vaults.credentials.retrieve': ({ param }) => credentials.retrieve(param('vault_id'), param('credential_id')),
    'vaults.credentials.update': ({ param, body }) =>
      credentials.update(param('vault_id'), param('credential_id'), body),
    'vaults.credentials.list': ({ param, query }) =>
      listCredentials(query, (page) => credentials.list(param('vault_id'), page)),
    'vaults.credentials.delete': ({ param }) => credentials.delete(param('vault_id'), param('credential_id')),
    'vaults.credentials.archive': ({ param }) => credentials.archive(param('vault_id'), param('credential_id')),
    'vaults.credentials.mcpOAuthValidate': ({ param }) =>
      credentials.validate(param('vault_id'), param('credential_id')),
  };
}
