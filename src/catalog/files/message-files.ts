import type { Readable } from 'node:stream';
import type { FileContents } from '../../files/contents.js';
import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import { invalid } from '../validate.js';
import { readUsable, type UsableFile } from './copies.js';
import { isText } from './file-type.js';

/** A file that stands for a block of a message, or for a rubric. */
export interface FileReference {
  file_id: string;
  /** What it has to be. */
  kind: 'image' | 'document' | 'rubric';
  /** What is said to be wrong when it is not there, or is something else. */
  field: string;
}

const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];
const WANTED = {
  image: 'an image is JPEG, PNG, GIF or WebP',
  document: 'a document is PDF or text',
  rubric: 'a rubric is text',
};
const MOST_DOCUMENTS = 100;
/** What a model's API takes in one block, and in one request; what the longest rubric may have in UTF-8. */
const MOST_BYTES = { image: 5 * 2 ** 20, document: 20 * 2 ** 20, rubric: 2 ** 20 };
const MOST_TOGETHER = 24 * 2 ** 20;

/**
 * The files of these references, in their order; refuses those that the workspace does not have, that have expired, or
 * that are not what they have to be.
 */
export async function checkFileReferences(
  deps: { db: Database; workspace: string; now: Clock },
  references: readonly FileReference[],
): Promise<UsableFile[]> {
  const documents = references.filter(({ kind }) => kind === 'document');
  if (documents.length > MOST_DOCUMENTS) {
    throw invalid(documents[MOST_DOCUMENTS]?.field ?? '', `there are more than ${MOST_DOCUMENTS} documents from files`);
  }
  const files = await readUsable(deps, references);
  let total = 0;
  for (const [index, { file_id, kind, field }] of references.entries()) {
    const { mime_type = '', size_bytes = 0 } = files[index] ?? {};
    if (!isKind(kind, mime_type)) throw invalid(field, `file ${file_id} is ${mime_type}; ${WANTED[kind]}`);
    const mb = MOST_BYTES[kind] / 2 ** 20;
    total += size_bytes;
    if (total > MOST_TOGETHER) throw invalid(field, `the files have more than ${MOST_TOGETHER / 2 ** 20} MB together`);
    if (size_bytes > MOST_BYTES[kind]) throw invalid(field, `file ${file_id} has more than ${mb} MB`);
  }
  return files;
}

function isKind(kind: FileReference['kind'], mime_type: string): boolean {
  if (kind === 'image') return IMAGES.includes(mime_type);
  return isText(mime_type) || (kind === 'document' && mime_type === 'application/pdf');
}

/** A file as a model is told it. */
export interface MessageFile {
  filename: string;
  bytes: Uint8Array;
}

/** The file that a message of this session names; undefined when it is there no more. */
export async function readMessageFile(
  { db, contents }: { db: Database; contents: Pick<FileContents, 'read'> },
  sessionId: string,
  fileId: string,
): Promise<MessageFile | undefined> {
  const row = await db
    .selectFrom('files')
    .innerJoin('sessions', 'sessions.workspace', 'files.workspace')
    .select(['files.filename', 'files.content'])
    .where('sessions.id', '=', sessionId)
    .where('files.id', '=', fileId)
    .executeTakeFirst();
  if (!row || row.content === null) return undefined;
  return { filename: row.filename, bytes: await whole(await contents.read(row.content)) };
}

/** All that a stream holds; for what is known to be small. */
export async function whole(stream: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
