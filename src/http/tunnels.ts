import type { TunnelCertificates } from '../catalog/tunnels/certificates.js';
import type { Tunnels } from '../catalog/tunnels/tunnels.js';
import type { Handlers } from './handler.js';
import { createAgeCursor, type Cursor, readPage, toPageCursor } from './page.js';
import type { Query } from './query.js';

const LIMITS = { default: 20, max: 1000 };
const tunnelCursor = createAgeCursor('tunnels');
const certificateCursor = createAgeCursor('tunnel_certificates');

/** Endpoints §12. */
export function tunnelHandlers(tunnels: Tunnels, certificates: TunnelCertificates): Handlers {
  return {
    'tunnels.create': ({ body }) => tunnels.create(body),
    'tunnels.retrieve': ({ param }) => tunnels.retrieve(param('tunnel_id')),
    'tunnels.list': async ({ query }) => {
      const page = await tunnels.list(readList(query, tunnelCursor));
      return toPageCursor(page, tunnelCursor);
    },
    'tunnels.archive': ({ param }) => tunnels.archive(param('tunnel_id')),
    'tunnels.revealToken': ({ param }) => tunnels.revealToken(param('tunnel_id')),
    'tunnels.rotateToken': ({ param, body }) => tunnels.rotateToken(param('tunnel_id'), body),
    'tunnels.certificates.create': ({ param, body }) => certificates.create(param('tunnel_id'), body),
    'tunnels.certificates.retrieve': ({ param }) => certificates.retrieve(param('tunnel_id'), param('certificate_id')),
    'tunnels.certificates.list': async ({ param, query }) => {
      const page = await certificates.list(param('tunnel_id'), readList(query, certificateCursor));
      return toPageCursor(page, certificateCursor);
    },
    'tunnels.certificates.archive': ({ param }) => certificates.archive(param('tunnel_id'), param('certificate_id')),
  };
}

function readList<Position>(query: Query, cursor: Cursor<Position>) {
  return { ...readPage(query, cursor, LIMITS), include_archived: query.flag('include_archived') ?? false };
}
