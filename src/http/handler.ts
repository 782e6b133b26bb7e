import type { IncomingMessage } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../catalog/access/principal.js';
import type { Query } from './query.js';
import type { AdminOperation, Operation } from './routes.js';

/** A request as a handler sees it: authenticated, its body parsed but not yet validated. */
export interface Call {
  /** On whose behalf. */
  principal: Principal;
  /** A path parameter of the route. */
  param: (name: string) => string;
  query: Query;
  /** The names in `anthropic-beta`. */
  betas: readonly string[];
  /** Undefined when there is none. */
  body: unknown;
  /** As it comes in; of a form nothing has been read yet. */
  incoming: IncomingMessage;
}

/** Gives the response's body, or writes the response itself (streams). */
export type Handler = (call: Call, reply: FastifyReply) => Promise<unknown>;

/** Handlers by operation; an operation without one is answered with 501. */
export type Handlers = { readonly [Name in Operation]?: Handler };

/** Each workspace has its own. */
export type HandlersOf = (workspace: string) => Handlers;

/** The same for the routes of our own. */
export type AdminHandlers = { readonly [Name in AdminOperation]: Handler };
