import { ApiError } from '../../src/api-error.js';
import type { Principal, Scope } from '../../src/catalog/access/principal.js';
import { authorize } from '../../src/http/authorize.js';
import { CALLERS } from '../../src/http/callers.js';
import { ADMIN_ROUTES, type AnyRoute, ROUTES } from '../../src/http/routes.js';

const ALL: readonly AnyRoute[] = [...ROUTES, ...ADMIN_ROUTES];

const key = (workspace: string, ...scopes: Scope[]): Principal => ({ kind: 'api_key', keyId: 'k', workspace, scopes });
const worker: Principal = { kind: 'environment_key', keyId: 'k', workspace: 'w', environmentId: 'env_own' };

/** The operations that a principal is let through to, when it names its own environment. */
function open(principal: Principal): string[] {
  return ALL.filter((route) => refusalOf(principal, route, 'env_own') === undefined).map(
    ([, , operation]) => operation,
  );
}

function refusalOf(principal: Principal, route: AnyRoute, environment_id: string): string | undefined {
  try {
    const params: Record<string, string> = route[1].includes(':environment_id') ? { environment_id } : {};
    authorize(principal, route, params);
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

test('a worker has the work of its own environment, and the skills', () => {
  expect(open(worker).toSorted()).toEqual(
    Object.entries(CALLERS)
      .filter(([, callers]) => callers.includes('environment_key'))
      .map(([operation]) => operation)
      .toSorted(),
  );
  const [poll] = ROUTES.filter(([, , operation]) => operation === 'environments.work.poll');
  expect(poll && refusalOf(worker, poll, 'env_other')).toBe('not_found_error');
});
