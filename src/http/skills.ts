import type { FastifyReply } from 'fastify';
import { isSkillFile } from '../catalog/skills/skill-form.js';
import { MAX_SKILL_BYTES, MAX_SKILL_FILES } from '../catalog/skills/bundle.js';
import { SKILL_SOURCES, type VersionKey } from '../catalog/skills/skill-store.js';
import type { SkillVersions } from '../catalog/skills/skill-versions.js';
import type { Skills } from '../catalog/skills/skills.js';
import { readForm } from './form.js';
import type { Call, Handlers } from './handler.js';
import { createAgeCursor, readPage, toPageCursor } from './page.js';

const LIMITS = { default: 20, max: 100 };
const VERSION_LIMITS = { default: 20, max: 1_000 };
/** What a form has beside its files' bytes fits into the rest. */
const FORM = { isFile: isSkillFile, maxBytes: MAX_SKILL_BYTES + 2 * 1024 * 1024, maxParts: MAX_SKILL_FILES + 1 };
const cursor = createAgeCursor('skills');
const versionCursor = createAgeCursor('skill versions');

/** Endpoints §7. */
export function skillHandlers(skills: Skills, versions: SkillVersions): Handlers {
  return {
    'skills.create': async ({ incoming }) => skills.create(readForm(incoming, FORM)),
    'skills.retrieve': ({ param }) => skills.retrieve(param('skill_id')),
    'skills.list': async ({ query }) => {
      const source = query.oneOf('source', SKILL_SOURCES);
      const page = readPage(query, cursor, LIMITS);
      return toPageCursor(await skills.list(source === undefined ? page : { ...page, source }), cursor);
    },
    'skills.delete': ({ param }) => skills.delete(param('skill_id')),
    'skills.versions.create': async ({ param, incoming }) =>
      versions.create(param('skill_id'), () => readForm(incoming, FORM)),
    'skills.versions.retrieve': (call) => versions.retrieve(keyOf(call)),
    'skills.versions.list': async ({ param, query }) => {
      const page = await versions.list(param('skill_id'), readPage(query, versionCursor, VERSION_LIMITS));
      return toPageCursor(page, versionCursor);
    },
    'skills.versions.delete': (call) => versions.delete(keyOf(call)),
    'skills.versions.download': (call, reply) => download(versions, keyOf(call), reply),
  };
}

function keyOf({ param }: Call): VersionKey {
  return { skill_id: param('skill_id'), version: param('version') };
}

async function download(versions: SkillVersions, key: VersionKey, reply: FastifyReply): Promise<FastifyReply> {
  const { version, bytes } = await versions.download(key);
  return reply
    .type('application/zip')
    .headers({
      'content-length': version.size_bytes,
      // A skill's name is small letters, digits and hyphens.
      'content-disposition': `attachment; filename="${version.name}.zip"`,
      'x-content-type-options': 'nosniff',
    })
    .send(bytes);
}
