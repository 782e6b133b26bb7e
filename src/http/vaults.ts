import type { Credentials } from '../catalog/vaults/credentials.js';
import type { VaultQuery, Vaults } from '../catalog/vaults/vaults.js';
import type { Call, Handlers } from './handler.js';
import { createAgeCursor, readPage, toPageCursor } from './page.js';

type AgeCursor = ReturnType<typeof createAgeCursor>;

const LIMITS = { default: 20, max: 100 };
const vaultCursor = createAgeCursor('vaults');
const credentialCursor = createAgeCursor('credentials');

/** Endpoints §5. */
export function vaultHandlers(vaults: Vaults, credentials: Credentials): Handlers {
  return {
    'vaults.create': ({ body }) => vaults.create(body),
    'vaults.retrieve': ({ param }) => vaults.retrieve(param('vault_id')),
    'vaults.update': ({ param, body }) => vaults.update(param('vault_id'), body),
    'vaults.list': async ({ query }) => toPageCursor(await vaults.list(readQuery(query, vaultCursor)), vaultCursor),
    'vaults.delete': ({ param }) => vaults.delete(param('vault_id')),
    'vaults.archive': ({ param }) => vaults.archive(param('vault_id')),
    'vaults.credentials.create': ({ param, body }) => credentials.create(param('vault_id'), body),
    'vaults.credentials.retrieve': ({ param }) => credentials.retrieve(param('vault_id'), param('credential_id')),
    'vaults.credentials.update': ({ param, body }) =>
      credentials.update(param('vault_id'), param('credential_id'), body),
    'vaults.credentials.list': async ({ param, query }) => {
      const page = await credentials.list(param('vault_id'), readQuery(query, credentialCursor));
      return toPageCursor(page, credentialCursor);
    },
    'vaults.credentials.delete': ({ param }) => credentials.delete(param('vault_id'), param('credential_id')),
    'vaults.credentials.archive': ({ param }) => credentials.archive(param('vault_id'), param('credential_id')),
    'vaults.credentials.mcpOAuthValidate': ({ param }) =>
      credentials.validate(param('vault_id'), param('credential_id')),
  };
}

function readQuery(query: Call['query'], cursor: AgeCursor): VaultQuery {
  return { ...readPage(query, cursor, LIMITS), include_archived: query.flag('include_archived') ?? false };
}
