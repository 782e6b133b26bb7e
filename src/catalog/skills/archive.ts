import { buffer } from 'node:stream/consumers';
import type { FileContents } from '../../files/contents.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import { keepContent, type KeptDeps } from '../files/kept.js';
import type { NounDeps } from '../noun.js';
import type { SkillVersionRow } from './skill-tables.js';
import type { Bundle, Member } from './bundle.js';
import { unzip } from './unzip.js';
import { zip } from './zip.js';

type Archive = Pick<SkillVersionRow, 'content' | 'size_bytes'>;

/** A new version's row, its archive aside. */
export function versionOf({ workspace, clock }: NounDeps, { description }: Bundle, skill_id: string) {
  return { id: newId('skver'), workspace, skill_id, description, created_at: clock() };
}

/** Keeps a version's archive and writes the rows that name it, all or nothing. */
export async function keepArchive(
  deps: KeptDeps,
  bundle: Bundle,
  write: (tx: Database, archive: Archive) => Promise<void>,
): Promise<void> {
  const draft = await deps.contents.receive(zip(bundle));
  const archive = { content: draft.hash, size_bytes: draft.size };
  await keepContent(deps, draft, () => deps.db.transaction().execute((tx) => write(tx, archive)));
}

/** The files in a kept archive, with their paths in the skill's directory. */
export async function readArchive(contents: Pick<FileContents, 'read'>, hash: string): Promise<Member[]> {
  const members = await unzip(await buffer(await contents.read(hash)));
  return members.map((member) => ({ ...member, path: member.path.slice(member.path.indexOf('/') + 1) }));
}
