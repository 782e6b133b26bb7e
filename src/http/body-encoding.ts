import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { ApiError } from '../api-error.js';
import { errorCode } from '../error-code.js';
import { MAX_BODY_BYTES } from './body.js';

/** The bytes that a `content-encoding` stands for: none, or one of gzip, deflate, br and zstd. */
export async function decompress(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  const name = nameOf(encoding);
  if (PLAIN.has(name)) return body;
  const decode = DECODERS.get(name);
  if (!decode) throw unsupportedEncoding(name, [...DECODERS.keys()]);
  try {
    return await decode(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    throw errorCode(error) === 'ERR_BUFFER_TOO_LARGE' ? tooLargeDecoded() : invalidEncoding(name);
  }
}

/** Forms are read as they come in, and what is large in them is mostly compressed already. */
export function requirePlain(encoding: string | undefined): void {
  const name = nameOf(encoding);
  if (!PLAIN.has(name)) throw unsupportedEncoding(name, ['identity']);
}

/**
 * What a JSON body's `content-type` comes down to: whatever it is called, it is JSON (curl says "form" unless told
 * otherwise, and some clients say it twice). Only a charset that is none of those taken is refused.
 */
export function jsonContentType(header: string): string {
  const charset = charsetOf(header);
  if (charset === undefined || UTF_8.has(charset)) return 'application/json';
  if (charset === LATIN_1) return `application/json; charset=${LATIN_1}`;
  throw new ApiError('invalid_request_error', `The charset "${charset.slice(0, 40)}" is not supported; send UTF-8.`, {
    code: 'unsupported_charset',
  });
}

/** The text of a body. Clients that say ISO-8859-1 often send UTF-8 all the same, which is hardly ever anything else. */
export function decodeText(body: Buffer, contentType: string | undefined): string {
  if (isUtf8(body)) return body.toString('utf8', hasMark(body) ? MARK.length : 0);
  if (charsetOf(contentType ?? '') === LATIN_1) return body.toString('latin1');
  // Decoded anyhow it would be stored, and told to models, with other characters than were sent.
  throw new ApiError('invalid_request_error', 'The request body is not valid UTF-8.');
}

type Decode = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
]);

const PLAIN: ReadonlySet<string> = new Set(['', 'identity']);

function nameOf(encoding: string | undefined): string {
  return (encoding ?? '').trim().toLowerCase();
}

const UTF_8: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);
const LATIN_1 = 'iso-8859-1';
/** The byte order mark that some editors put before a text. */
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function hasMark(body: Buffer): boolean {
  return body.subarray(0, MARK.length).equals(MARK);
}

function charsetOf(header: string): string | undefined {
  return /;\s*charset\s*=\s*"?([^";,\s]+)/i.exec(header)?.[1]?.toLowerCase();
}

function unsupportedEncoding(name: string, taken: string[]): ApiError {
  const message = `The content-encoding "${name.slice(0, 40)}" is not supported here, but ${taken.join(', ')}.`;
  return new ApiError('invalid_request_error', message, { code: 'request_body_encoding_unsupported' });
}

function invalidEncoding(name: string): ApiError {
  const message = `The request body is not valid for its content-encoding "${name}".`;
  return new ApiError('invalid_request_error', message, { code: 'request_body_encoding_invalid' });
}

function tooLargeDecoded(): ApiError {
  const message = 'The request body is too large once decoded: 32 MB at most.';
  return new ApiError('request_too_large', message, { code: 'request_body_too_large_after_decoding' });
}
