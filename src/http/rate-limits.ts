import type { FastifyReply } from 'fastify';
import { ApiError } from '../api-error.js';
import type { Route } from './routes.js';

/** What a route counts as; each kind has a limit of its own. */
export type RateClass = 'create' | 'read';

/** Requests a minute for each API key; 0 is no limit. */
export type RateLimits = Readonly<Record<RateClass, number>>;

/** Counts a request and says in its headers how many are left; throws `rate_limit_error` when there is none. */
export type CountRequest = (key: string, rate: RateClass, reply: FastifyReply) => void;

/**
 * A POST that makes an object is a create; a GET is a read, and so is opening a stream. All else is not limited
 * (behaviours §18): changing, archiving, deleting, and sending events too, or an interrupt could come too late. Nor is a
 * worker's poll, which claims: the more workers share a key, the later would they have their work.
 */
export function rateClassOf([method, , operation]: Route): RateClass | undefined {
  if (operation === 'environments.work.poll') return undefined;
  if (method === 'GET') return 'read';
  const verb = operation.slice(operation.lastIndexOf('.') + 1);
  return method === 'POST' && CREATES.has(verb) ? 'create' : undefined;
}

const CREATES: ReadonlySet<string> = new Set(['create', 'add', 'upload']);

/** Buckets that hold a minute's requests and fill steadily. They live in memory: a restart fills them. */
export function createRateLimits(limits: RateLimits, now: () => number = () => performance.now()): CountRequest {
  const buckets = new Map<string, Bucket>();
  return (key, rate, reply) => {
    const limit = limits[rate];
    if (limit === 0) return;
    const name = `${rate} ${key}`;
    const bucket = buckets.get(name) ?? createBucket(limit);
    buckets.set(name, bucket);
    const { waitMs, remaining, fullInMs } = bucket.take(now());
    reply.header('anthropic-ratelimit-requests-limit', String(limit));
    reply.header('anthropic-ratelimit-requests-remaining', String(remaining));
    reply.header('anthropic-ratelimit-requests-reset', new Date(Date.now() + fullInMs).toISOString());
    if (waitMs === 0) return;
    throw new ApiError('rate_limit_error', `This API key may make ${limit} ${rate} requests a minute.`, {
      retryAfter: Math.ceil(waitMs / 1_000),
    });
  };
}

interface Taken {
  /** 0: taken. Else nothing was, and after this long there is one to take. */
  waitMs: number;
  remaining: number;
  fullInMs: number;
}

interface Bucket {
  take(now: number): Taken;
}

/** A request's worth of parts. A bucket gains as many in a millisecond as it holds requests: whole numbers, never a float's. */
const PARTS = 60_000;

function createBucket(limit: number): Bucket {
  let missing = 0;
  let since = 0;
  return {
    take(now) {
      const at = Math.floor(now);
      missing = Math.max(missing - (at - since) * limit, 0);
      since = at;
      const lacking = Math.max(missing + PARTS - limit * PARTS, 0);
      if (lacking === 0) missing += PARTS;
      return {
        waitMs: lacking / limit,
        remaining: Math.floor((limit * PARTS - missing) / PARTS),
        fullInMs: missing / limit,
      };
    },
  };
}
