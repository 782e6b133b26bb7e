import { join } from 'node:path';
import { createRisingClock } from '../catalog/clock.js';
import type { KeptDeps } from '../catalog/files/kept.js';
import { createOutputs } from '../catalog/files/outputs.js';
import { createTurns } from '../catalog/files/turns.js';
import { attachmentsOf } from '../catalog/memory/attachments.js';
import { faultOfPath } from '../catalog/memory/memory-path.js';
import { MAX_CONTENT_BYTES } from '../catalog/memory/memory-schema.js';
import { createMountedStores } from '../catalog/memory/mounted-store.js';
import { readRepositories, readUploads } from '../catalog/resources/resource-rows.js';
import { readArchive } from '../catalog/skills/archive.js';
import { readSessionSkills } from '../catalog/skills/session-skills.js';
import { createMemoryMounts } from '../mounts/memory/memory-mounts.js';
import { createMounts, type MountPart, type Mounts } from '../mounts/mounts.js';
import { createOutputsPart } from '../mounts/outputs.js';
import { remember } from '../mounts/remember.js';
import { createRepositories } from '../mounts/repositories.js';
import { createSkillMount } from '../mounts/skills.js';
import { createTranscripts, type Transcripts } from '../mounts/transcripts.js';
import { createUploads } from '../mounts/uploads.js';
import { placeOf } from '../sandbox/place.js';
import { isSelfHosted } from './session-rows.js';

export interface MountsConfig extends KeptDeps {
  /** The data directory. */
  dataDir: string;
  log: (line: string) => void;
}

export interface WithParts {
  /** A store's memories are gone for good, or some of them. */
  refreshStore(storeId: string): void;
  /** What a session is given to read before it begins. */
  transcripts: Pick<Transcripts, 'write' | 'remove'>;
}

/** What this server's sandboxes hold beside their workspaces. */
export function openMounts({ dataDir, log, ...kept }: MountsConfig): Mounts & WithParts {
  const { db, contents } = kept;
  const directory = join(dataDir, 'mounts');
  const directoryOf = (sessionId: string): string => join(directory, sessionId);
  // Settled when a session is created; only files come and go.
  const holds = {
    repositories: remember((id) => readRepositories(db, id)),
    skills: remember((id) => readSessionSkills(db, id)),
    stores: remember((id) => attachmentsOf(db, id)),
    isElsewhere: remember((id) => isSelfHosted(db, id)),
  };
  const onError = (sessionId: string, error: unknown): void =>
    log(`what ${sessionId} has written is taken in later: ${String(error)}`);
  const uploads = createUploads({
    ...kept,
    directoryOf: (id) => join(directoryOf(id), 'files'),
    uploadsOf: (id) => readUploads(db, id),
  });
  const outputs = createOutputsPart({
    directoryOf: (id) => placeOf(join(dataDir, 'sandboxes'), id).session,
    outputs: createOutputs({ ...kept, clock: createRisingClock() }),
  });
  const repositories = createRepositories(holds.repositories.of);
  const skills = createSkillMount({
    ...kept,
    directoryOf,
    skillsOf: holds.skills.of,
    filesOf: ({ content }) => readArchive(contents, content),
  });
  const memory = createMemoryMounts({
    stores: createMountedStores({ db, clock: createRisingClock() }),
    attachmentsOf: holds.stores.of,
    directoryOf: (id) => join(directoryOf(id), 'memory'),
    rules: { faultOfPath, maxBytes: MAX_CONTENT_BYTES },
    turns: createTurns(),
    onError,
  });
  // A sandbox elsewhere is its worker's, and holds no such thing.
  const here = (part: MountPart): MountPart => ({
    ...part,
    describe: async (id) => ((await holds.isElsewhere.of(id)) ? undefined : part.describe(id)),
  });
  const transcripts = createTranscripts((id) => join(directoryOf(id), 'transcripts'));
  const mounts = createMounts({
    directory,
    parts: [here(uploads), here(outputs), repositories, skills, memory, transcripts],
    onError,
  });
  return {
    ...mounts,
    async remove(id) {
      await mounts.remove(id);
      for (const held of Object.values(holds)) held.forget(id);
    },
    refreshStore: (storeId) => memory.refresh(storeId),
    transcripts,
  };
}
