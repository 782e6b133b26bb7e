import { ROUTES } from '../../src/http/routes.js';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
beforeAll(async () => (server = await startTestServer()));
afterAll(() => server.stop());

test('the 120 rows of the contract, each exactly once', () => {
  expect(ROUTES).toHaveLength(120);
  const rows = ROUTES.map(([method, path]) => `${method} ${path.replaceAll(/:\w+/g, ':id')}`);
  expect(new Set(rows).size).toBe(120);
  expect(new Set(ROUTES.map(([, , operation]) => operation)).size).toBe(120);
});

test('P5: every row is a method of the SDK', () => {
  for (const [, , operation] of ROUTES) {
    const found = operation.split('.').reduce<unknown>(property, server.client.beta);
    expect([operation, typeof found]).toEqual([operation, 'function']);
  }
});

test.each(ROUTES)('%s %s is carried out (%s)', async (method, path) => {
  const response = await rawFetch(server, fill(path), { method });
  await response.body?.cancel();
  expect(response.status).toBeLessThan(500);
});

function fill(path: string): string {
  return path.replaceAll(/:\w+/g, 'x_1');
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
