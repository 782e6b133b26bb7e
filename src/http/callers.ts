import type { Principal } from '../catalog/access/principal.js';
import type { AnyOperation } from './routes.js';

export type Caller = Principal['kind'];

/** Who may call what (endpoints §3); what is not here is for API keys alone. */
export const CALLERS: { readonly [Name in AnyOperation]?: readonly [Caller, ...Caller[]] } = {
  'environments.work.list': ['environment_key'],
  'environments.work.poll': ['environment_key'],
  'environments.work.ack': ['environment_key'],
  'environments.work.heartbeat': ['environment_key'],
  'environments.work.stats': ['api_key', 'environment_key'],
  'environments.work.stop': ['api_key', 'environment_key'],
  'skills.versions.retrieve': ['api_key', 'environment_key'],
  'skills.versions.download': ['api_key', 'environment_key'],
};
