import { join } from 'node:path';
import { readArchive } from '../catalog/skills/archive.js';
import { readSessionSkills } from '../catalog/skills/session-skills.js';
import type { FileContents } from '../files/contents.js';
import { createMounts, type Mounts } from '../mounts/mounts.js';
import { createSkillMount } from '../mounts/skills.js';
import type { Database } from '../storage/database.js';
import type { DataDirectory } from './data-directory.js';

interface MountsDeps {
  db: Database;
  directory: Pick<DataDirectory, 'path'>;
  contents: FileContents;
  log: (line: string) => void;
}

/** What this server's sandboxes hold beside their workspaces. */
export function openMounts({ db, directory, contents, log }: MountsDeps): Mounts {
  const onError = (sessionId: string, error: unknown): void =>
    log(`what ${sessionId} has written is taken in later: ${String(error)}`);
  const directoryOf = (sessionId: string): string => join(directory.path, 'mounts', sessionId);
  const skills = createSkillMount({
    directoryOf,
    skillsOf: (sessionId) => readSessionSkills(db, sessionId),
    filesOf: ({ content }) => readArchive(contents, content),
  });
  return createMounts([skills], onError);
}
