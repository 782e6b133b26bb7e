import type { Principal } from '../catalog/access/principal.js';
import type { AnyOperation } from './routes.js';

export type Caller = Principal['kind'];

/** Who may call what (endpoints §3); what is not here is for API keys alone. */
export const CALLERS: { readonly [Name in AnyOperation]?: readonly [Caller, ...Caller[]] } = {
  'environments.work.list': ['environment_key'],
  'environments.work.poll': ['environment_key'],
  'environments.work.ack': ['environment_key', 'session_token'],
  'environments.work.heartbeat': ['environment_key', 'session_token'],
  'environments.work.stats': ['api_key', 'environment_key'],
  'environments.work.stop': ['api_key', 'environment_key', 'session_token'],
  'sessions.retrieve': ['api_key', 'environment_key', 'session_token'],
  'sessions.events.list': ['api_key', 'environment_key', 'session_token'],
  'sessions.events.send': ['api_key', 'environment_key', 'session_token'],
  'sessions.events.stream': ['api_key', 'environment_key', 'session_token'],
  'memoryStores.memories.create': ['api_key', 'session_token'],
  'memoryStores.memories.retrieve': ['api_key', 'session_token'],
  'memoryStores.memories.update': ['api_key', 'session_token'],
  'memoryStores.memories.list': ['api_key', 'session_token'],
  'memoryStores.memories.delete': ['api_key', 'session_token'],
  'skills.versions.retrieve': ['api_key', 'environment_key', 'session_token'],
  'skills.versions.download': ['api_key', 'environment_key', 'session_token'],
};
