import { gzipSync } from 'node:zlib';
import { type Choice, oddText } from './mutations.js';

/** A path that may lead nowhere, or somewhere else. Written as it goes over the wire: nothing tidies it up. */
export function oddPath(choice: Choice, path: string): string {
  const [, ...segments] = path.split('/');
  const at = choice.below(segments.length);
  const odd = choice.once(3) ? oddText(choice) : choice.of(ODD_SEGMENTS);
  switch (choice.below(8)) {
    case 0:
      return choice.of(ODD_PATHS);
    case 1:
      return `/${segments.toSpliced(at, 1).join('/')}`;
    case 2:
      return `/${segments.toSpliced(at, 0, odd).join('/')}`;
    case 3:
      return choice.of([`${path}/`, `/${path}`, path.toUpperCase(), path.replaceAll('/', '%2F'), `http://x${path}`]);
    default:
      return `/${segments.with(at, odd).join('/')}`;
  }
}

const ODD_PATHS = [
  '/',
  '//',
  '/v1',
  '/..',
  '/v1/../v1/agents',
  '/%',
  '/?',
  '/v1/agents%00',
  '/v1/agents;a=b',
  '/v1/%2e',
];
const ODD_SEGMENTS = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%5c',
  '%00',
  '%ff',
  '%',
  '%c0%af',
  '%ED%A0%80',
  '%E2%80%AE',
  'a%20b',
  '*',
  '~',
  ':session_id',
  '__proto__',
  'constructor',
  '-1',
  '0',
  'null',
  "'--",
  'x'.repeat(9_999),
  'x'.repeat(20_000),
];

/** The path with fields that it does not know, or does not know so. */
export function oddQuery(choice: Choice, path: string): string {
  const pairs = Array.from({ length: choice.of([1, 2, 3, 40]) }, () => {
    const name =
      choice.of(ODD_NAMES) + choice.of(['', '', '[]', '%5B%5D', '[gte]', '[lt]', '[0]', '[a][b]', '[__proto__]']);
    return `${name}${choice.of(['=', '=', '=', '==', ''])}${choice.once(3) ? oddText(choice) : choice.of(ODD_QUERY_VALUES)}`;
  });
  return `${path}${path.includes('?') ? '&' : '?'}${pairs.join('&').slice(0, 30_000)}`;
}

/** A cursor as a list makes them, but of something else. */
function cursor(value: unknown): string {
  return `page_${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
}

const PLACE = { created_at: 1, id: 'x', order: 'asc', direction: 'next', position: null, seq: 1 };
const ODD_NAMES = [
  'limit',
  'page',
  'order',
  'types',
  'statuses',
  'created_at',
  'include_archived',
  'version',
  'agent_id',
  'beta',

  'agent_version',
  'event_deltas',
  'lifecycle',
  'after_id',
  'before_id',
  'deployment_id',
  '__proto__',
  '',
  '%',
  '%ff',
];
const ODD_QUERY_VALUES = [
  '',
  '0',
  '1',
  '-1',
  '1e3',
  '1.5',
  '00001',
  '999999999999999999999',
  'NaN',
  'true',
  'TRUE',
  'asc',
  'idle',
  '%',
  '%ff',
  '+',
  '2026-01-01T00:00:00Z',
  '2026-13-45T99:99:99Z',
  '0000-01-01T00:00:00+23:59',
  '9999-12-31T23:59:59.999999999Z',
  'page_',
  'page_x',
  'page_%00',
  cursor(null),
  cursor(['agents', PLACE]),
  cursor(['sessions', PLACE]),
  cursor(['events', { position: 1e15, seq: -1, order: 'asc' }]),
  cursor(['agents', { created_at: 1e300, id: 'x' }]),
  cursor(['agents', { created_at: -1, id: '\u0000' }]),
  cursor(['sessions', { created_at: 9e15, id: "'", order: 'desc', direction: 'prev' }]),
];

/** Methods that no path has, or no HTTP. */
export function oddMethod(choice: Choice): string {
  return choice.of(['PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE', 'GET', 'POST', 'QUERY', 'PROPFIND', 'BREW']);
}

/** Headers around a request, with a key or without; without one there is one right answer. */
export function oddHeaders(choice: Choice, key: string): { headers: Record<string, string>; status?: number } {
  if (choice.once(4)) return { headers: choice.of(KEYLESS), status: 401 };
  const keyed = choice.of([
    { authorization: `Bearer ${key}` },
    { 'x-api-key': key },
    both(key, key),
    both('other', key),
  ]);
  return { headers: { ...keyed, ...choice.of(ODD_HEADERS), ...choice.of(ODD_HEADERS) } };
}

const both = (bearer: string, key: string) => ({ authorization: `Bearer ${bearer}`, 'x-api-key': key });

const KEYLESS: readonly Record<string, string>[] = [
  {},
  both('other', 'another'),
  { authorization: 'Bearer ' },
  { authorization: 'Bearer undefined' },
  { authorization: 'Basic eDp5' },
  { authorization: `Bearer ${'x'.repeat(20_000)}` },
  { 'x-api-key': '\u00ff\u00fe' },
  { 'x-api-key': '', cookie: 'key=1', 'x-forwarded-for': '127.0.0.1' },
];

const ODD_HEADERS: readonly Record<string, string>[] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': ';;;\u00ff' },
  { 'content-type': '' },
  { 'content-encoding': 'gzip' },
  { 'transfer-encoding': 'chunked' },
  { accept: 'text/html', 'accept-encoding': 'br;q=x', 'accept-charset': 'klingon' },
  { 'anthropic-beta': 'x'.repeat(10_000) },
  { 'anthropic-beta': ',,managed-agents-2026-04-01,,other' },
  { 'anthropic-version': '9999-99-99' },
  { 'anthropic-workspace-id': 'wrkspc_other' },
  { 'x-http-method-override': 'DELETE', 'x-request-id': '__proto__' },
  { expect: '100-continue' },
  { expect: 'tea' },
  { upgrade: 'websocket', connection: 'upgrade' },
  { connection: 'close' },
  { host: '' },
  { range: 'bytes=9-', 'if-match': '*', 'if-modified-since': 'never', te: 'trailers' },
  { 'x-long': 'x'.repeat(70_000) },
];

/** The text of a body, with what a JSON serializer would not write. */
export function oddBytes(choice: Choice, text: string): string | Buffer {
  switch (choice.below(8)) {
    case 0:
      return Buffer.concat([
        Buffer.from(text.slice(0, 20)),
        Buffer.from([0xff, 0xc0, 0x00]),
        Buffer.from(text.slice(20)),
      ]);
    case 1:
      return gzipSync(text);
    case 2:
      return Buffer.from(text, 'utf16le');
    case 3:
      return `\ufeff${text}`;
    case 4:
      return text.replace(
        '{',
        choice.of(['{"name":1,', '{"events":[],', '{"agent":"x",', '{"__proto__":{},', '{"\\u005f_proto__":1,']),
      );
    case 5:
      return text.replace(/"[a-z.]+"(?=[,}])/, choice.of(ODD_STRINGS));
    case 6:
      return text.replace(
        /(true|false|null|"\w+")(?=[,}])/,
        choice.of(['1e400', '-0', '1E-400', '9'.repeat(400), 'NaN']),
      );
    default:
      return choice.of([
        `${' '.repeat(100_000)}${text}`,
        `/* */${text}`,
        `${text},`,
        `[${text}]`,
        JSON.stringify(text),
      ]);
  }
}

const ODD_STRINGS = [
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\u202e\u2066"',
  '"\u200b"',
  `"${'e\u0301'.repeat(50_000)}"`,
  '"\u2028"',
];
