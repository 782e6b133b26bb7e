import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Config, type Flags, readConfig } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import { holderOf } from './data-directory.js';

/** The server of a data directory, as its own routes show it: for commands that administer it while it runs. */
export interface RunningServer {
  get(path: string): Promise<unknown>;
  post(path: string, body?: object): Promise<unknown>;
  delete(path: string): Promise<unknown>;
  /** All pages of a list. */
  list<Item>(path: string, item: z.ZodType<Item>, query?: Query): Promise<Item[]>;
}

/** Fields that are undefined are left out. */
type Query = Readonly<Record<string, string | undefined>>;

/** Where the server of a data directory is, and a key to it; throws a StartError when none runs. */
export function locateServer(env: NodeJS.ProcessEnv, flags: Flags): { url: string; key: string } {
  const config = readConfig(env, flags);
  const holder = holderOf(config.dataDir);
  if (holder?.url === undefined) {
    throw new StartError(
      holder
        ? `the drover on ${config.dataDir} (pid ${holder.pid}) is still starting: try again`
        : `no drover runs on ${config.dataDir}: start it with "drover serve", or name another directory with --data`,
    );
  }
  return { url: holder.url, key: readKey(config) };
}

/** Finds the server that runs on a data directory; throws a StartError when there is none, as do requests that it refuses. */
export function findServer(env: NodeJS.ProcessEnv, flags: Flags): RunningServer {
  const { url, key } = locateServer(env, flags);
  const ask = createAsk(url, key);
  const get = (path: string, query: Query = {}) => ask('GET', `${path}?${searchOf(query).toString()}`);
  return {
    get: (path) => ask('GET', path),
    post: (path, body = {}) => ask('POST', path, body),
    delete: (path) => ask('DELETE', path),
    async list(path, item, query) {
      const schema = z.object({ data: z.array(item), next_page: z.string().nullable() });
      const found = [];
      for (let page: string | null | undefined; page !== null;) {
        const answer = schema.parse(await get(path, { ...query, limit: '100', page }));
        found.push(...answer.data);
        page = answer.next_page;
      }
      return found;
    },
  };
}

/** Read, never made: a key that the server does not know is of no use. */
function readKey({ apiKey, dataDir }: Config): string {
  if (apiKey !== undefined) return apiKey;
  try {
    return readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
  } catch {
    throw new StartError(`there is no key in ${dataDir}: set DROVER_API_KEY to the one that the server was given`);
  }
}

type Ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<unknown>;

function createAsk(url: string, key: string): Ask {
  const headers = { authorization: `Bearer ${key}` };
  return async (method, path, body) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${url}/drover/${path}`, { method, headers, ...sent }).catch((error: unknown) => {
      throw new StartError(`${url} does not answer: ${String(error)}`);
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    if (response.status === 401) {
      throw new StartError(`${url} does not know this key: set DROVER_API_KEY to the one that it was given`);
    }
    throw new StartError(refusalSchema.safeParse(answer).data?.error.message ?? `${url} answered ${response.status}`);
  };
}

const refusalSchema = z.object({ error: z.object({ message: z.string() }) });

function searchOf(query: Query): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value);
  return search;
}
