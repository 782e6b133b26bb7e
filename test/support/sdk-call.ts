import type Anthropic from '@anthropic-ai/sdk';
import type { Route } from '../../src/http/routes.js';

export interface SdkParams {
  /** What fills the path. */
  path: Readonly<Record<string, string>>;
  body?: object;
  /** As in a URL. */
  query?: string;
}

/**
 * Calls the SDK's method of a route as the SDK would have it called: the path's last parameter comes first, and all else,
 * other parameters of the path too, is one object. Rejects as the method does; a stream is closed once it is open.
 */
export async function callSdk(client: Anthropic, [, path, operation]: Route, params: SdkParams): Promise<unknown> {
  const names = Array.from(path.matchAll(/:(\w+)/g), ([, name = '']) => name);
  const last = names.pop();
  const rest = { ...pick(params.path, names), ...fromQuery(params.query), ...params.body };
  const given = last === undefined ? [rest] : [params.path[last], rest];
  const result = await methodOf(client, operation)(...given);
  if (hasController(result)) result.controller.abort();
  return result;
}

/** The first pages of a list, one behind the other as the SDK finds them. */
export async function walkPages(
  client: Anthropic,
  route: Route,
  params: SdkParams,
  most: number,
): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  // What the method of a list gives is its first page.
  const first = (await callSdk(client, route, params)) as { iterPages(): AsyncIterable<{ data: unknown[] }> };
  for await (const { data } of first.iterPages()) if (pages.push(data) === most) break;
  return pages;
}

type Method = (...given: unknown[]) => Promise<unknown>;

/** `sessions.events.list` of `client.beta`, bound to where it is. */
function methodOf({ beta }: Anthropic, operation: string): Method {
  const names = operation.split('.');
  const last = names.pop() ?? '';
  const owner = names.reduce<object>((at, name) => Reflect.get(at, name) as object, beta);
  // That every operation is a method there is shown by a test of its own.
  return (Reflect.get(owner, last) as Method).bind(owner);
}

function pick(values: Readonly<Record<string, string>>, names: string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** The SDK takes `created_at[gte]` as it is, and a list of what stands under `statuses[]` as `statuses`. */
function fromQuery(query = ''): Record<string, unknown> {
  const search = new URLSearchParams(query);
  return Object.fromEntries(
    Array.from(new Set(search.keys()), (name) =>
      name.endsWith('[]') ? [name.slice(0, -2), search.getAll(name)] : [name, typed(search.get(name) ?? '')],
    ),
  );
}

function typed(value: string): string | number | boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  return /^\d{1,9}$/.test(value) ? Number(value) : value;
}

function hasController(result: unknown): result is { controller: AbortController } {
  return typeof result === 'object' && result !== null && 'controller' in result;
}
