import { ApiError } from '../../src/api-error.js';
import type { Principal, Scope } from '../../src/catalog/access/principal.js';
import { authorize } from '../../src/http/authorize.js';
import { CALLERS } from '../../src/http/callers.js';
import { ADMIN_ROUTES, type AnyRoute, ROUTES } from '../../src/http/routes.js';

const ALL: readonly AnyRoute[] = [...ROUTES, ...ADMIN_ROUTES];

const key = (workspace: string, ...scopes: Scope[]): Principal => ({ kind: 'api_key', keyId: 'k', workspace, scopes });
const worker: Principal = { kind: 'environment_key', keyId: 'k', workspace: 'w', environmentId: 'env_own' };

const holder = { hash: 'h', workspace: 'w', environmentId: 'env_own', workId: 'work_1', sessionId: 'sesn_1' };
const token = (isStale: boolean): Principal => ({ kind: 'session_token', keyId: 'k', ...holder, isStale });

/** The operations that a principal is let through to. */
function open(principal: Principal): string[] {
  return ALL.filter((route) => refusalOf(principal, route) === undefined).map(([, , operation]) => operation);
}

function refusalOf(principal: Principal, route: AnyRoute): string | undefined {
  try {
    authorize(principal, route);
    return undefined;
  } catch (error) {
    return error instanceof ApiError ? error.type : String(error);
  }
}

test('every route is open to exactly one scope of API keys, or to workers alone', () => {
  const scopes = (['read', 'write', 'admin'] as const).map((scope) => open(key('wrkspc_default', scope)));
  const forWorkers = ALL.map(([, , operation]) => operation).filter(
    (operation) => CALLERS[operation]?.includes('api_key') === false,
  );
  const together = [...scopes.flat(), ...forWorkers];
  expect(together.toSorted()).toEqual(ALL.map(([, , operation]) => operation).toSorted());
  expect(scopes[2]).toEqual([
    ...ROUTES.map(([, , operation]) => operation).filter((operation) => operation.startsWith('organization.')),
    ...ADMIN_ROUTES.map(([, , operation]) => operation),
  ]);
  expect(open(key('wrkspc_default'))).toEqual([]);
});

test('the organization is the default workspace’s to administer', () => {
  const closed = open(key('wrkspc_other', 'read', 'write', 'admin')).filter((name) => name.startsWith('organization.'));
  expect(closed).toEqual([]);
});

test.each([
  ['environment_key', worker],
  ['session_token', token(false)],
] as const)('a worker with its %s has its work, its sessions, and their skills', (kind, principal) => {
  const its = Object.entries(CALLERS).filter(([, callers]) => callers.includes(kind));
  expect(open(principal).toSorted()).toEqual(its.map(([operation]) => operation).toSorted());
});

test('a worker that has lost its item is heard only where it is told so', () => {
  expect(open(token(true))).toEqual(['environments.work.ack', 'environments.work.heartbeat']);
  const [stop] = ROUTES.filter(([, , operation]) => operation === 'environments.work.stop');
  expect(stop && refusalOf(token(true), stop)).toBe('authentication_error');
});
