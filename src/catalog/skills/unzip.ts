import { crc32 } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { ApiError } from '../../api-error.js';
import { invalid } from '../validate.js';
import { MAX_SKILL_BYTES, MAX_SKILL_FILES, type Member, tooLarge, tooMany } from './bundle.js';

/**
 * The files in a zip archive. What it would have when unpacked is bounded before anything is: by the sizes it declares,
 * to which the reader then holds each member.
 */
export async function unzip(archive: Buffer): Promise<Member[]> {
  try {
    const zip = await fromBufferPromise(archive, { lazyEntries: true, strictFileNames: true });
    return await readMembers(zip);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // Nothing but its bytes was read, so nothing else is at fault.
    throw invalid('files', `the zip archive cannot be read: ${describe(error)}`);
  }
}

async function readMembers(zip: ZipFile): Promise<Member[]> {
  // Directories are members as well.
  if (zip.entryCount > 2 * MAX_SKILL_FILES) throw tooMany();
  const members: Member[] = [];
  let size = 0;
  for await (const entry of zip.eachEntry()) {
    checkKind(entry);
    if (entry.fileName.endsWith('/')) continue;
    size += entry.uncompressedSize;
    if (size > MAX_SKILL_BYTES) throw tooLarge();
    members.push({ path: entry.fileName, bytes: await readEntry(zip, entry), executable: isExecutable(entry) });
    if (members.length > MAX_SKILL_FILES) throw tooMany();
  }
  return members;
}

async function readEntry(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (crc32(bytes) !== entry.crc32) throw refuse(entry, 'is damaged');
  return bytes;
}

const TYPE = 0o170000;
const PLAIN: ReadonlySet<number> = new Set([0, 0o100000, 0o040000]);

function checkKind(entry: Entry): void {
  if (!PLAIN.has(modeOf(entry) & TYPE)) throw refuse(entry, 'is a link or another special file');
  if (entry.isEncrypted()) throw refuse(entry, 'is encrypted');
  if (!entry.canDecodeFileData()) throw refuse(entry, 'is compressed in a way that is not supported');
}

function isExecutable(entry: Entry): boolean {
  return (modeOf(entry) & 0o111) !== 0;
}

/** As Unix has it; 0 where the archive was made by something that has no modes. */
function modeOf({ externalFileAttributes }: Entry): number {
  return externalFileAttributes >>> 16;
}

function refuse({ fileName }: Entry, what: string): ApiError {
  return invalid('files', `${JSON.stringify(fileName.slice(0, 100).toWellFormed())} in the zip archive ${what}`);
}

function describe(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
