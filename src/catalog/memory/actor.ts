import type Anthropic from '@anthropic-ai/sdk';
import type { MemoryVersionRow } from './memory-tables.js';
import { unreachable } from '../unreachable.js';

/** Who writes: a request with its key, or a session by its mount. */
export type Actor = Anthropic.Beta.MemoryStores.BetaManagedAgentsActor;

type ActorType = Actor['type'];

/** The columns of an actor. */
export function actorColumns(actor: Actor): { type: ActorType; id: string } {
  switch (actor.type) {
    case 'session_actor':
      return { type: actor.type, id: actor.session_id };
    case 'api_actor':
      return { type: actor.type, id: actor.api_key_id };
    case 'user_actor':
      return { type: actor.type, id: actor.user_id };
    case 'service_account_actor':
      return { type: actor.type, id: actor.service_account_id };
    default:
      return unreachable(actor);
  }
}

/** Who wrote a version. */
export function creatorOf({
  created_by_type,
  created_by_id,
}: Pick<MemoryVersionRow, 'created_by_type' | 'created_by_id'>): Actor {
  return toActor(created_by_type, created_by_id);
}

/** Who redacted it; null when nobody has. */
export function redactorOf({
  redacted_by_type,
  redacted_by_id,
}: Pick<MemoryVersionRow, 'redacted_by_type' | 'redacted_by_id'>): Actor | null {
  return redacted_by_type === null || redacted_by_id === null ? null : toActor(redacted_by_type, redacted_by_id);
}

function toActor(type: ActorType, id: string): Actor {
  switch (type) {
    case 'session_actor':
      return { type, session_id: id };
    case 'api_actor':
      return { type, api_key_id: id };
    case 'user_actor':
      return { type, user_id: id };
    case 'service_account_actor':
      return { type, service_account_id: id };
    default:
      return unreachable(type);
  }
}
