import type { ApiError } from '../../api-error.js';
import { invalid } from '../validate.js';
import { createPathCheck, splitPath } from './bundle-path.js';
import { type FrontMatter, readFrontMatter } from './front-matter.js';

/** A file as it was uploaded, or as it was in an uploaded zip. */
export interface Member {
  path: string;
  bytes: Buffer;
  executable: boolean;
}

/** A skill that is good in all: its files have paths below its own directory. */
export interface Bundle extends FrontMatter {
  files: readonly Member[];
}

export const MAX_SKILL_BYTES = 30 * 1024 * 1024;
export const MAX_SKILL_FILES = 1_000;

/** What a skill consists of, or a refusal: one directory around all, and a SKILL.md directly in it. */
export function toBundle(members: readonly Member[]): Bundle {
  const check = createPathCheck();
  let top: string | undefined;
  const files = members.filter(isWanted).map((member) => {
    const [first = '', ...rest] = splitPath(member.path);
    top ??= first;
    if (rest.length === 0)
      throw invalid('files', `${JSON.stringify(first)} must be in a directory, as all files of a skill`);
    if (first !== top) throw invalid('files', `must be in one directory, not in "${top}" and in "${first}"`);
    check([first, ...rest]);
    return { ...member, path: rest.join('/') };
  });
  if (top === undefined) throw invalid('files', 'is required');
  const main = files.find(({ path }) => path === 'SKILL.md');
  if (!main) throw invalid('files', `must contain "${top}/SKILL.md"`);
  return { ...readFrontMatter(main.bytes, top), files };
}

export function tooMany(): ApiError {
  return invalid('files', `must be at most ${MAX_SKILL_FILES}`);
}

export function tooLarge(): ApiError {
  return invalid('files', `must have at most ${MAX_SKILL_BYTES / 1024 / 1024} MB together, uncompressed`);
}

/** What a Mac puts beside the files it packs. */
function isWanted({ path }: Member): boolean {
  return !path.startsWith('__MACOSX/') && !path.endsWith('/.DS_Store');
}
