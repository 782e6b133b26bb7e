import type { TunnelCertificates } from '../catalog/tunnels/certificates.js';
import type { Tunnels } from '../catalog/tunnels/tunnels.js';
import type { Handlers } from './handler.js';
import { createArchivableList } from './page.js';

const LIMITS = { default: 20, max: 1000 };
const listTunnels = createArchivableList('tunnels', LIMITS);
const listCertificates = createArchivableList('tunnel_certificates', LIMITS);

/** Endpoints §12. */
export function tunnelHandlers(tunnels: Tunnels, certificates: TunnelCertificates): Handlers {
  return {
    'tunnels.create': ({ body }) => tunnels.create(body),
    'tunnels.retrieve': ({ param }) => tunnels.retrieve(param('tunnel_id')),
    'tunnels.list': ({ query }) => listTunnels(query, (page) => tunnels.list(page)),
    'tunnels.archive': ({ param }) => tunnels.archive(param('tunnel_id')),
    'tunnels.revealToken': ({ param }) => tunnels.revealToken(param('tunnel_id')),
    'tunnels.rotateToken': ({ param, body }) => tunnels.rotateToken(param('tunnel_id'), body),
    'tunnels.certificates.create': ({ param, body }) => certificates.create(param('tunnel_id'), body),
    'tunnels.certificates.retrieve': ({ param }) => certificates.retrieve(param('tunnel_id'), param('certificate_id')),
    'tunnels.certificates.list': ({ param, query }) =>
      listCertificates(query, (page) => certificates.list(param('tunnel_id'), page)),
    'tunnels.certificates.archive': ({ param }) => certificates.archive(param('tunnel_id'), param('certificate_id')),
  };
}
