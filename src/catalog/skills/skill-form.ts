import { buffer } from 'node:stream/consumers';
import type { ApiError } from '../../api-error.js';
import type { FormPart } from '../files/file-form.js';
import type { KeptDeps } from '../files/kept.js';
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

/**
 * Reads the form of an upload, part by part: the files of a skill, or one zip archive of them. A new version has no
 * `display_name`. What is done with it is done while no other is in memory: until then its bytes wait where files are kept.
 */
export async function withSkillForm<Result>(
  { contents, turns }: Pick<KeptDeps, 'contents' | 'turns'>,
  parts: AsyncIterable<FormPart>,
  { named }: { named: boolean },
  act: (form: SkillForm) => Promise<Result>,
): Promise<Result> {
  const incoming: Incoming = { files: [], named };
  const draft = await contents.receive(takeParts(parts, incoming));
  try {
    return await turns.take('a skill that is packed', async () =>
      act(await toSkillForm(incoming, await buffer(await draft.read()))),
    );
  } finally {
    // Where that cannot be done now, the next start does it.
    await draft.discard().catch(() => {});
  }
}

/** What a form has beside the bytes of its files. */
interface Incoming {
  /** In the order of their bytes. */
  files: { path: string; size: number }[];
  /** Whether it may have a `display_name`. */
  named: boolean;
  display_name?: string;
}

/** The bytes of all files, one after the other. */
async function* takeParts(parts: AsyncIterable<FormPart>, incoming: Incoming): AsyncGenerator<Uint8Array> {
  const { files, named } = incoming;
  let room = MAX_SKILL_BYTES;
  for await (const part of parts) {
    if (isSkillFile(part.name)) {
      const file = { path: readPath(part), size: 0 };
      if (files.push(file) > MAX_SKILL_FILES) throw tooMany();
      for await (const chunk of part.kind === 'file' ? part.bytes : []) {
        file.size += chunk.byteLength;
        room -= chunk.byteLength;
        if (room < 0) throw tooLarge();
        yield chunk;
      }
    } else if (part.name === 'display_name' && named) {
      if (incoming.display_name !== undefined) throw invalid('display_name', 'is given twice');
      incoming.display_name = readDisplayName(part);
    } else {
      throw invalid('files', `this form has no part ${JSON.stringify(part.name?.slice(0, 100) ?? '')} beside them`);
    }
  }
}

function readPath(part: FormPart): string {
  if (part.kind !== 'file') throw invalid('files', 'must be files');
  if (!part.filename) throw invalid('files', 'each needs a filename, its path in the skill');
  return part.filename.replace(/^(\.\/)+/, '');
}

async function toSkillForm({ files, display_name }: Incoming, bytes: Buffer): Promise<SkillForm> {
  let start = 0;
  const members = files.map(({ path, size }): Member => {
    const own = bytes.subarray(start, (start += size));
    // A form has no modes; of a script it is clear what it is for.
    return { path, bytes: own, executable: own.subarray(0, 2).toString('latin1') === '#!' };
  });
  const bundle = toBundle(await unpack(members));
  // The SDK has forms say null like that.
  return display_name === undefined || display_name === 'null' ? { bundle } : { bundle, display_name };
}

/** An archive is alone, and may be named by its path on the client's own disk. */
async function unpack(members: readonly Member[]): Promise<readonly Member[]> {
  const [archive, ...others] = members;
  if (!archive || others.length > 0) return members;
  const isZip = archive.bytes.subarray(0, 2).toString('latin1') === 'PK';
  if (!isZip && /[/\\]/.test(archive.path)) return members;
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
