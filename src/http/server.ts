import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';
import type { CatalogOf } from '../catalog/catalog.js';
import { DEFAULT_WORKSPACE } from '../catalog/workspace.js';
import type { SessionLog } from '../session/session.js';
import { type Authenticate, createAuthenticate, type Principal } from './auth.js';
import { MAX_BODY_BYTES, parseBody } from './body.js';
import { sendClientError } from './client-error.js';
import { createDrain } from './drain.js';
import { pathOf, type ReportError, sendError } from './errors.js';
import { createHandlers, type HandlersOf } from './handlers.js';
import { type Health, HEALTH_PATH } from './health.js';
import { readQuery } from './query.js';
import { createRateLimits, type RateClass, rateClassOf, type RateLimits } from './rate-limits.js';
import { identifyRequest, identifyTenant, newRequestId } from './request-id.js';
import { type Operation, ROUTES, type Route } from './routes.js';
import { createStreams, type StreamLimits } from './streams.js';

export interface HttpServerDeps {
  catalogOf: CatalogOf;
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
    rate?: RateClass;
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
  const authenticate = createAuthenticate(deps.apiKeys, DEFAULT_WORKSPACE);
  const app = Fastify({
    ...LIMITS,
    genReqId: newRequestId,
    exposeHeadRoutes: false,
    clientErrorHandler: sendClientError,
    routerOptions: { maxParamLength: 10_000, querystringParser: () => ({}) },
    frameworkErrors: (error, request, reply) => {
      // Thrown before any hook has run: a path that is no path, for example.
      try {
        admit(request, reply, authenticate);
        sendError(error, request, reply, report);
      } catch (refusal) {
        sendError(refusal, request, reply, report);
      }
    },
  });
  // Node would answer an `expect` it does not know with an empty 417; it may as well be ignored.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.decorateRequest('principal', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: FastifyRequest, body: string) =>
    parseBody(body),
  );
  app.addHook('onRequest', async (request, reply) => {
    admit(request, reply, authenticate);
    const { rate, form } = request.routeOptions.config;
    if (request.principal && rate) countRequest(request.principal.keyId, rate, reply);
    // Nobody upgrades, and Node would leave what comes after and is no HTTP without any answer.
    if (request.headers.upgrade !== undefined) reply.header('connection', 'close');
    // Whatever another body is called it is JSON: curl says "form" unless told otherwise, and some clients say it twice.
    if (!form && request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/json';
  });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, report));
  app.setNotFoundHandler((request) => {
    throw new ApiError('not_found_error', `There is no ${request.method} ${pathOf(request.url)}.`);
  });
  app.get(HEALTH_PATH, async () => health());
  addRoutes(app, deps);
  return app;
}

const LIMITS = {
  bodyLimit: MAX_BODY_BYTES,
  /** For a request to come in whole, not for its answer: of an upload that is 500 MB. */
  requestTimeout: 3_600_000,
  keepAliveTimeout: 72_000,
  http: { headersTimeout: 60_000, maxHeaderSize: 64 * 1024 },
};

/** For requests that are in work when the server closes; within what a shutdown may take. */
const DRAIN_MS = 3_000;

/** Gives the request its id and, where it needs a key, its principal; or throws. */
function admit(request: FastifyRequest, reply: FastifyReply, authenticate: Authenticate): void {
  identifyRequest(request, reply);
  if (pathOf(request.url) === HEALTH_PATH) return;
  request.principal = authenticate(request.headers);
  identifyTenant(reply, request.principal.workspace);
}

function addRoutes(app: FastifyInstance, deps: HttpServerDeps): void {
  const streams = createStreams(deps);
  const drain = createDrain(app.server, DRAIN_MS);
  app.addHook('preClose', async () => {
    streams.closeAll();
    drain();
  });
  const handlersOf = createHandlers(deps.catalogOf, streams);
  for (const route of ROUTES) if (!FORMS.has(route[2])) addRoute(app, route, handlersOf);
  void app.register(async (forms) => {
    forms.removeAllContentTypeParsers();
    forms.addContentTypeParser('*', async () => undefined);
    for (const route of ROUTES) if (FORMS.has(route[2])) addRoute(forms, route, handlersOf);
  });
}

/** Of these the body is a form. */
const FORMS: ReadonlySet<Operation> = new Set(['files.upload']);

type ApiRoute = Route & { readonly 2: Operation };

function addRoute(app: FastifyInstance, route: ApiRoute, handlersOf: HandlersOf): void {
  const [method, url, operation] = route;
  const rate = rateClassOf(route);
  const config = { ...(rate && { rate }), ...(FORMS.has(operation) && { form: true as const }) };
  if (!handlersOf(DEFAULT_WORKSPACE)[operation]) {
    // Said before the body is looked at, which may be an upload of any kind.
    const onRequest = async () => {
      throw new ApiError('not_implemented_error', `${operation} (${method} ${url}) is not available in Drover yet.`);
    };
    app.route({ method, url, config, onRequest, handler: onRequest });
    return;
  }
  app.route({
    method,
    url,
    config,
    handler: (request, reply) => handlersOf(workspaceOf(request))[operation]?.(toCall(request), reply),
  });
}

function workspaceOf({ principal }: FastifyRequest): string {
  if (principal) return principal.workspace;
  throw new Error('The request has not been admitted.');
}

function toCall(request: FastifyRequest) {
  // Fastify's router gives strings, under the names that the path declares.
  const params = request.params as Record<string, string>;
  return {
    param: (name: string) => params[name] ?? missing(name),
    query: readQuery(request.url),
    betas: readBetas(request.headers['anthropic-beta']),
    body: request.body ?? undefined,
    incoming: request.raw,
  };
}

/** The header may be there several times, with several names in each. */
function readBetas(header: string | string[] | undefined): string[] {
  return String(header ?? '')
    .split(',')
    .map((name) => name.trim());
}

function missing(name: string): never {
  throw new Error(`The route declares no parameter ${name}.`);
}
