import { type Operation, ROUTES } from '../../src/http/routes.js';
import { type Choice, mutateBody } from './mutations.js';
import { CORPUS, type Known } from './corpus.js';
import { oddBytes, oddHeaders, oddMethod, oddPath, oddQuery } from './oddities.js';
import { spoil } from './spoil.js';

/** A request with one thing about it that is odd. */
export interface Sent {
  operation: Operation;
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer;
  odd: 'nothing' | 'body' | 'bytes' | 'path' | 'query' | 'headers' | 'method' | 'spoiled';
  /** The one status that is right. */
  status?: number;
}

type ApiRoute = (typeof ROUTES)[number];

/** A request that is good in all; what is not there yet is given any body. */
export function goodRequest([method, path, operation]: ApiRoute, known: Known, key: string): Sent {
  const good = CORPUS[operation] ?? { body: () => ({ any: 'thing' }), status: 501 };
  const { query, params, body, headers, status = 200 } = good;
  const values = new Map(Object.entries({ ...known, ...params?.(known) }));
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => values.get(name) ?? 'x_1');
  const sent = {
    operation,
    method,
    path: query === undefined ? filled : `${filled}?${query}`,
    headers: { authorization: `Bearer ${good.key?.(known) ?? key}`, ...headers },
    odd: 'nothing' as const,
    status,
  };
  return method === 'POST' && body ? { ...sent, body: JSON.stringify(body(known)) } : sent;
}

/** Any operation, mostly of those that are carried out, and mostly with a body that is odd. */
export function oddRequest(choice: Choice, known: Known, key: string): Sent {
  const route = choice.of(routesFor(choice));
  const { status, ...good } = goodRequest(route, known, key);
  const kept = status === 501 ? { status } : {};
  if (good.body !== undefined && choice.once(2)) return { ...good, ...kept, ...withOddBody(choice, good, known) };
  switch (choice.below(5)) {
    case 0:
      return { ...good, odd: 'path', path: oddPath(choice, good.path) };
    case 1:
      return { ...good, odd: 'method', method: oddMethod(choice) };
    case 2:
      return { ...good, odd: 'headers', ...oddHeaders(choice, key) };
    default:
      return { ...good, ...kept, odd: 'query', path: oddQuery(choice, good.path) };
  }
}

/** A request to change a session that is wrong for certain, though most of it is good. */
export function spoiledRequest(choice: Choice, known: Known, key: string): Sent {
  const route = choice.of(ROUTES.filter(([, , operation]) => SPOILED.has(operation)));
  const good = goodRequest(route, known, key);
  const body = spoil(choice, JSON.parse(String(good.body)));
  return { ...good, odd: 'spoiled', body: JSON.stringify(body), status: 400 };
}

const SPOILED: ReadonlySet<Operation> = new Set(['sessions.events.send', 'sessions.update']);

const BUILT = ROUTES.filter(([, , operation]) => CORPUS[operation]);
const UNBUILT = ROUTES.filter(([, , operation]) => !CORPUS[operation]);
const LASTING = BUILT.filter(([, , operation]) => !CORPUS[operation]?.destroys);
const BODIED = LASTING.filter(([, , operation]) => CORPUS[operation]?.body);

function routesFor(choice: Choice): ApiRoute[] {
  if (UNBUILT.length > 0 && choice.once(8)) return UNBUILT;
  if (choice.once(16)) return BUILT;
  return choice.once(3) ? LASTING : BODIED;
}

function withOddBody(choice: Choice, good: Omit<Sent, 'status'>, known: Known): Pick<Sent, 'odd' | 'body'> {
  if (choice.once(6)) return { odd: 'bytes', body: oddBytes(choice, String(good.body)) };
  return { odd: 'body', body: mutateBody(choice, CORPUS[good.operation]?.body?.(known) ?? { any: 'thing' }) };
}
