import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';
import type { Access } from '../catalog/access/access.js';
import type { Principal } from '../catalog/access/principal.js';
import type { Enrollments } from '../catalog/profiles/enrollments.js';
import type { CatalogOf } from '../catalog/catalog.js';
import type { SessionLog } from '../session/session.js';
import { type Authenticate, createAuthenticate } from './auth.js';
import { authorize, checkWorkspace } from './authorize.js';
import { MAX_BODY_BYTES, parseBody } from './body.js';
import { decodeText, decompress, jsonContentType, requirePlain } from './body-encoding.js';
import { sendClientError } from './client-error.js';
import { createDrain } from './drain.js';
import { addEnrollmentPage } from './enrollment-page.js';
import { pathOf, type ReportError, sendError } from './errors.js';
import { createAdminHandlers, createHandlers } from './handlers.js';
import { type Health, HEALTH_PATH } from './health.js';
import { type CountRequest, createRateLimits, rateClassOf, type RateLimits } from './rate-limits.js';
import { identifyRequest, identifyTenant, newRequestId } from './request-id.js';
import type { AnyRoute } from './routes.js';
import { addRoutes, paramsOf } from './routing.js';
import type { KeyCheckDeps } from './stream-keys.js';
import { createStreams, type StreamLimits } from './streams.js';

export interface HttpServerDeps extends Pick<KeyCheckDeps, 'onKeyCheckFailed'> {
  catalogOf: CatalogOf;
  access: Access;
  enrollments: Enrollments;
  log: Pick<SessionLog, 'subscribe'>;
  /** Each of them opens the whole API, of the default workspace. */
  apiKeys: readonly string[];
  health: () => Health;
  /** Told of every error that is answered with 500. */
  report: ReportError;
  streams?: Partial<StreamLimits>;
  /** None unless given. */
  rateLimits?: RateLimits;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Absent where there is nothing, and where no key is needed. */
    route?: AnyRoute;
    /** No key is needed. */
    open?: true;
    /** Its body is a form, which the handler reads as it comes in. */
    form?: true;
  }
  interface FastifyRequest {
    /** Null where no key is needed. */
    principal: Principal | null;
  }
}

/** The API as a Fastify instance that does not listen yet. Closing it ends the open streams first, cleanly. */
export function createHttpServer(deps: HttpServerDeps): FastifyInstance {
  const { report, health, rateLimits = { create: 0, read: 0 } } = deps;
  const countRequest = createRateLimits(rateLimits);
  const authenticate = createAuthenticate({ apiKeys: deps.apiKeys, findKey: deps.access.findKey });
  const sendAdmitted = async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    try {
      await admit(request, reply, authenticate);
      sendError(error, request, reply, report);
    } catch (refusal) {
      sendError(refusal, request, reply, report);
    }
  };
  const app = Fastify({
    ...LIMITS,
    genReqId: newRequestId,
    exposeHeadRoutes: false,
    clientErrorHandler: sendClientError,
    routerOptions: { maxParamLength: 10_000, querystringParser: () => ({}) },
    // Thrown before any hook has run: a path that is no path, for example.
    frameworkErrors: (error, request, reply) => void sendAdmitted(error, request, reply),
  });
  // Node would answer an `expect` it does not know with an empty 417; it may as well be ignored.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.decorateRequest('principal', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    const { headers, routeOptions } = request;
    // Whoever has no key says nothing with a body that would be worth the work.
    if (routeOptions.config.open) return undefined;
    return parseBody(decodeText(await decompress(body, headers['content-encoding']), headers['content-type']));
  });
  app.addHook('onRequest', async (request, reply) => {
    await admit(request, reply, authenticate);
    await check(request, reply, countRequest, deps.access);
    const { headers, routeOptions } = request;
    const type = headers['content-type'];
    if (routeOptions.config.form) requirePlain(headers['content-encoding']);
    else if (type !== undefined) headers['content-type'] = jsonContentType(type);
  });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, report));
  app.setNotFoundHandler((request) => {
    throw new ApiError('not_found_error', `There is no ${request.method} ${pathOf(request.url)}.`);
  });
  app.get(HEALTH_PATH, { config: { open: true } }, async () => health());
  addEnrollmentPage(app, deps.enrollments);
  const streams = createStreams({ ...deps, findClosed: deps.access.findClosed });
  const drain = createDrain(app.server, DRAIN_MS);
  app.addHook('preClose', async () => {
    streams.closeAll();
    drain();
  });
  addRoutes(app, createHandlers(deps.catalogOf, streams), createAdminHandlers(deps.access, deps.catalogOf));
  return app;
}

const LIMITS = {
  bodyLimit: MAX_BODY_BYTES,
  /** For a request to come in whole, not for its answer: of an upload that is 500 MB. */
  requestTimeout: 3_600_000,
  keepAliveTimeout: 72_000,
  // Node would answer a request without a host with an empty 400.
  http: { headersTimeout: 60_000, maxHeaderSize: 64 * 1024, requireHostHeader: false },
};

/** For requests that are in work when the server closes; within what a shutdown may take. */
const DRAIN_MS = 3_000;

/** Gives the request its id and, where it needs a key, its principal; or throws. */
async function admit(request: FastifyRequest, reply: FastifyReply, authenticate: Authenticate): Promise<void> {
  identifyRequest(request, reply);
  // Nobody upgrades, and Node would leave what comes after and is no HTTP without any answer. Refused or not.
  if (request.headers.upgrade !== undefined) reply.header('connection', 'close');
  if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
    throw new ApiError('invalid_request_error', 'The request has no host header.');
  }
  if (request.routeOptions.config?.open) return;
  const principal = await authenticate(request.headers);
  request.principal = principal;
  identifyTenant(reply, principal.workspace);
}

/** A request's place in the API, whatever it will be answered with. */
async function check(
  request: FastifyRequest,
  reply: FastifyReply,
  countRequest: CountRequest,
  { checkReach }: Pick<Access, 'checkReach'>,
): Promise<void> {
  const { principal, routeOptions } = request;
  const { route } = routeOptions.config;
  if (!principal) return;
  checkWorkspace(principal, request.headers);
  if (!route) return;
  authorize(principal, route);
  const rate = rateClassOf(route);
  if (rate) countRequest(principal.keyId, rate, reply);
  await checkReach(principal, paramsOf(request), request.method === 'GET');
}
