import type { FastifyReply, FastifyRequest } from 'fastify';
import { ORGANIZATION } from '../catalog/workspace.js';
import { newId } from '../ids.js';

/** Ours, whatever the client sends: it is what the log is searched by. */
export function newRequestId(): string {
  return newId('req');
}

/** On every response. */
export function identifyRequest(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('request-id', request.id);
}

/** On every response to a request that carried a key. */
export function identifyTenant(reply: FastifyReply, workspace: string): void {
  reply.header('anthropic-organization-id', ORGANIZATION).header('anthropic-workspace-id', workspace);
}
