import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';
import type { Principal } from '../catalog/access/principal.js';
import { DEFAULT_WORKSPACE } from '../catalog/workspace.js';
import type { AdminHandlers, Call, Handler, HandlersOf } from './handler.js';
import { readQuery } from './query.js';
import { ADMIN_ROUTES, type AnyOperation, type AnyRoute, ROUTES } from './routes.js';

/** Registers every row of the tables. A request goes to the handlers of its principal's workspace. */
export function addRoutes(app: FastifyInstance, handlersOf: HandlersOf, admin: AdminHandlers): void {
  const built = handlersOf(DEFAULT_WORKSPACE);
  const add = (on: FastifyInstance, route: (typeof ROUTES)[number]) =>
    addRoute(on, route, built[route[2]] && (({ workspace }) => handlersOf(workspace)[route[2]]));
  for (const route of ADMIN_ROUTES) addRoute(app, route, () => admin[route[2]]);
  for (const route of ROUTES) if (!FORMS.has(route[2])) add(app, route);
  void app.register(async (forms) => {
    forms.removeAllContentTypeParsers();
    forms.addContentTypeParser('*', async () => undefined);
    for (const route of ROUTES) if (FORMS.has(route[2])) add(forms, route);
  });
}

/** Of these the body is a form. */
const FORMS: ReadonlySet<AnyOperation> = new Set<AnyOperation>([
  'files.upload',
  'skills.create',
  'skills.versions.create',
]);

/** What the path's parameters are in a request, under the names that the path declares. */
export function paramsOf(request: FastifyRequest): Record<string, string> {
  // Fastify's router gives strings.
  return request.params as Record<string, string>;
}

type HandlerFor = (principal: Principal) => Handler | undefined;

function addRoute(app: FastifyInstance, route: AnyRoute, handlerFor: HandlerFor | undefined): void {
  const [method, url, operation] = route;
  const form = FORMS.has(operation) && { form: true as const };
  if (!handlerFor) {
    // Said before the body is looked at, which may be an upload of any kind.
    const onRequest = async () => {
      throw new ApiError('not_implemented_error', `${operation} (${method} ${url}) is not available in Drover yet.`);
    };
    app.route({ method, url, config: { ...form }, onRequest, handler: onRequest });
    return;
  }
  app.route({
    method,
    url,
    config: { route, ...form },
    handler: (request, reply) => {
      const call = toCall(request);
      return handlerFor(call.principal)?.(call, reply);
    },
  });
}

function toCall(request: FastifyRequest): Call {
  const params = paramsOf(request);
  if (!request.principal) throw new Error('The request has not been admitted.');
  return {
    principal: request.principal,
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
