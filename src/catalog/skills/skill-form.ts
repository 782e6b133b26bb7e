import type { ApiError } from '../../api-error.js';
import type { FormPart } from '../files/file-form.js';
import { invalid } from '../validate.js';
import { type Bundle, MAX_SKILL_BYTES, MAX_SKILL_FILES, type Member, toBundle, tooLarge, tooMany } from './bundle.js';
import { unzip } from './unzip.js';

/** A form that is good in all. */
export interface SkillForm {
  bundle: Bundle;
  /** None when it was left out, or null. */
  display_name?: string;
}

const MAX_DISPLAY_NAME = 255;

/** The parts that are files: the SDK's name, and the one that people write. */
export function isSkillFile(name: string | undefined): boolean {
  return name === 'files[]' || name === 'files';
}

/** Reads the form of an upload, part by part: the files of a skill, or one zip archive of them. A new version has no `display_name`. */
export async function receiveSkillForm(
  parts: AsyncIterable<FormPart>,
  { named }: { named: boolean },
): Promise<SkillForm> {
  const members: Member[] = [];
  let display_name: string | undefined;
  let room = MAX_SKILL_BYTES;
  for await (const part of parts) {
    if (isSkillFile(part.name)) {
      const member = await readMember(part, room);
      room -= member.bytes.byteLength;
      if (members.push(member) > MAX_SKILL_FILES) throw tooMany();
    } else if (part.name === 'display_name' && named) {
      if (display_name !== undefined) throw invalid('display_name', 'is given twice');
      display_name = readDisplayName(part);
    } else {
      throw invalid('files', `this form has no part ${JSON.stringify(part.name?.slice(0, 100) ?? '')} beside them`);
    }
  }
  const bundle = toBundle(await unpack(members));
  // The SDK has forms say null like that.
  return display_name === undefined || display_name === 'null' ? { bundle } : { bundle, display_name };
}

async function readMember(part: FormPart, room: number): Promise<Member> {
  if (part.kind !== 'file') throw invalid('files', 'must be files');
  const path = part.filename ?? '';
  if (path === '') throw invalid('files', 'each needs a filename, its path in the skill');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of part.bytes) {
    size += chunk.byteLength;
    if (size > room) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  // A form has no modes; of a script it is clear what it is for.
  return { path, bytes, executable: bytes.subarray(0, 2).toString('latin1') === '#!' };
}

/** A file that is alone and in no directory can only be an archive. */
async function unpack(members: readonly Member[]): Promise<readonly Member[]> {
  const [archive, ...others] = members;
  if (!archive || others.length > 0 || /[/\\]/.test(archive.path)) return members;
  const isZip = archive.bytes.subarray(0, 2).toString('latin1') === 'PK';
  if (!isZip) throw invalid('files', 'must be the files of a skill with their paths, or one zip archive of them');
  return unzip(archive.bytes);
}

function readDisplayName(part: FormPart): string {
  const text = part.kind === 'field' ? part.value : '';
  if (/[\p{Cc}\u2028\u2029]/u.test(text)) throw refuseName('must be a single line');
  if (text.trim() === '') throw refuseName('must not be empty');
  if (Array.from(text).length > MAX_DISPLAY_NAME) throw refuseName(`must have at most ${MAX_DISPLAY_NAME} characters`);
  return text;
}

function refuseName(what: string): ApiError {
  return invalid('display_name', what);
}
