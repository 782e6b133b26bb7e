import { ApiError } from '../../api-error.js';
import type { Draft, FileContents } from '../../files/contents.js';
import { invalid } from '../validate.js';
import { cleanFileName } from './file-name.js';
import { typeOf } from './file-type.js';

/** A part of a form as it comes in. The bytes of a file are read before the next part is asked for. */
export type FormPart = FieldPart | FilePart;

interface FieldPart {
  kind: 'field';
  name: string | undefined;
  value: string;
}

interface FilePart {
  kind: 'file';
  name: string | undefined;
  filename: string | undefined;
  /** As it was declared. */
  mime_type: string | undefined;
  bytes: AsyncIterable<Uint8Array>;
}

/** A form that is good in all; its file waits to be kept. */
export interface FileForm {
  draft: Draft;
  filename: string;
  mime_type: string;
  expires_in_seconds?: number;
}

export const MAX_FILE_BYTES = 500 * 1024 * 1024;
const EXPIRY = { min: 3_600, max: 7_776_000 };

/** Reads the form of an upload, part by part. Whatever is wrong with it, nothing of the file is left. */
export async function receiveFileForm(parts: AsyncIterable<FormPart>, contents: FileContents): Promise<FileForm> {
  const form: Partial<FileForm> = {};
  try {
    for await (const part of parts) await takePart(part, form, contents);
    const { draft, filename, mime_type } = form;
    if (!draft || filename === undefined || mime_type === undefined) throw invalid('file', 'is required');
    if (draft.size === 0) throw invalid('file', 'must not be empty');
    return { ...form, draft, filename, mime_type };
  } catch (error) {
    await form.draft?.discard();
    throw error;
  }
}

/** The bytes, as long as they are not more than a file may have. */
export async function* limitFile(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.byteLength;
    if (size > MAX_FILE_BYTES) throw new ApiError('request_too_large', 'file: must have at most 500 MB');
    yield chunk;
  }
}

async function takePart(part: FormPart, form: Partial<FileForm>, contents: FileContents): Promise<void> {
  if (part.name === 'file') return takeFile(part, form, contents);
  if (part.name !== 'expires_in_seconds') {
    throw invalid('file', `an upload has no part ${JSON.stringify(part.name?.slice(0, 100) ?? '')} beside it`);
  }
  if (form.expires_in_seconds !== undefined) throw invalid('expires_in_seconds', 'is given twice');
  form.expires_in_seconds = readSeconds(part);
}

async function takeFile(part: FormPart, form: Partial<FileForm>, contents: FileContents): Promise<void> {
  if (part.kind !== 'file') throw invalid('file', 'must be a file');
  if (form.draft) throw invalid('file', 'must be one file, not several');
  form.mime_type = typeOf(part.mime_type, part.filename);
  form.filename = cleanFileName(part.filename, form.mime_type);
  form.draft = await contents.receive(limitFile(part.bytes));
}

function readSeconds(part: FormPart): number {
  const seconds = part.kind === 'field' && /^\d{1,10}$/.test(part.value) ? Number(part.value) : Number.NaN;
  if (seconds >= EXPIRY.min && seconds <= EXPIRY.max) return seconds;
  throw invalid('expires_in_seconds', `must be an integer between ${EXPIRY.min} and ${EXPIRY.max}`);
}
