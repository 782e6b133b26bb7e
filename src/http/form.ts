import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { ApiError } from '../api-error.js';
import type { FormPart } from '../catalog/files/file-form.js';

export interface FormRules {
  /** The parts that are files, whether they have a filename or not. */
  isFile: (name: string | undefined) => boolean;
  /** Of the whole body. */
  maxBytes: number;
  /** Files and fields together; 16 unless told otherwise. */
  maxParts?: number;
}

/**
 * The parts of a form as they come in. Whoever stops before the last lets go of the rest, which is read and dropped: a
 * client that is still sending then gets its answer. Ends in a 400 when the form does not end, in a 413 when it is too large.
 */
export function readForm(incoming: IncomingMessage, rules: FormRules): AsyncIterable<FormPart> {
  const { isFile, maxBytes, maxParts = 16 } = rules;
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const parser = createParser(incoming.headers, { isFile, maxParts });
  const parts = new PassThrough({ objectMode: true });
  let file: Readable | undefined;
  let size = 0;
  const fail = (error: ApiError): void => {
    file?.destroy(error);
    parts.destroy(error);
  };
  const count = (chunk: Uint8Array): void => {
    size += chunk.byteLength;
    if (size > maxBytes) fail(tooLarge(maxBytes));
  };
  const breakOff = (): void => {
    if (!incoming.complete) fail(refuse('broke off'));
  };
  parser.on('file', (name: string | undefined, bytes, filename: string | undefined, _encoding, mime_type) => {
    file = bytes.on('error', ignore);
    parts.write({ kind: 'file', name, filename, mime_type, bytes: readFile(bytes) } satisfies FormPart);
  });
  parser.on('field', (name: string | undefined, value) => {
    parts.write({ kind: 'field', name, value } satisfies FormPart);
  });
  parser.on('partsLimit', () => fail(refuse(`has more than ${maxParts} parts`)));
  parser.on('error', () => fail(refuse('is not a whole form')));
  parser.on('finish', () => parts.end());
  incoming.on('error', breakOff).on('close', breakOff).on('data', count).pipe(parser);
  // Whoever reads is told; by the time of a failure there may be nobody yet, or any more.
  parts.on('error', ignore);
  parts.on('close', () => incoming.unpipe(parser).off('data', count).resume());
  return parts;
}

const LIMITS = { fieldSize: 1_024, headerPairs: 100, headerSize: 16 * 1_024 };

function createParser(
  headers: IncomingHttpHeaders,
  { isFile, maxParts }: Omit<Required<FormRules>, 'maxBytes'>,
): BusboyInstance {
  const type = headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type)) throw refuse('must be a form (multipart/form-data)');
  try {
    // Names are cleaned by whoever keeps them, and therefore wanted as they are.
    return new Busboy({
      headers: { ...headers, 'content-type': type },
      isPartAFile: isFile,
      preservePath: true,
      limits: { ...LIMITS, parts: maxParts },
    });
  } catch {
    throw refuse('is a form whose content-type has no boundary');
  }
}

async function* readFile(bytes: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw error instanceof ApiError ? error : refuse('is not a whole form');
  }
}

function ignore(): void {}

function tooLarge(maxBytes: number): ApiError {
  const megabytes = Math.floor(maxBytes / (1024 * 1024));
  return new ApiError('request_too_large', `The request body is too large: ${megabytes} MB at most.`);
}

function refuse(what: string): ApiError {
  return new ApiError('invalid_request_error', `The request body ${what}.`);
}
