import type { Operation } from '../../src/http/routes.js';
import { type EventRow, never, shown, testsIn } from '../wire/event-row.js';

const vaults = testsIn('http/vaults.test');
const credentials = testsIn('http/credentials.test');
const refusedCredentials = testsIn('http/credentials-refused.test');
const validation = testsIn('http/oauth-validate.test');
const memoryStores = testsIn('http/memory-stores.test');
const memories = testsIn('http/memories.test');
const memoryLists = testsIn('http/memory-lists.test');
const memoryVersions = testsIn('http/memory-versions.test');
const skills = testsIn('http/skills.test');
const skillForms = testsIn('http/skill-forms.test');
const files = testsIn('http/files.test');
const fileForms = testsIn('http/file-forms.test');

/** Vaults, memory stores, skills, files: what each row documents, and the test that shows it. */
export const STORE_ROWS = {
  'vaults.create': {
    'a field that is wrong, by name': shown(vaults('create with %s is 400')),
  },
  'vaults.retrieve': {},
  'vaults.update': {
    '400 once archived': shown(vaults('an archived one is read-only and stays readable')),
  },
  'vaults.list': {},
  'vaults.delete': {
    'its credentials go along': shown(
      credentials('archiving a vault does the same to all of its credentials; deleting it leaves nothing'),
    ),
  },
  'vaults.archive': {
    'again: unchanged': shown(vaults('an archived one is read-only and stays readable')),
    'its credentials go along': shown(
      credentials('archiving a vault does the same to all of its credentials; deleting it leaves nothing'),
    ),
  },
  'vaults.credentials.create': {
    '409 for a server or name that has one, that is not repeated': shown(
      credentials('one active credential for a server or a name: 409, that no repetition mends'),
    ),
    '400 for the twenty-first': shown(credentials('twenty at the most, archived ones not counted')),
    '400 in an archived vault': shown(vaults('an archived one is read-only and stays readable')),
    'a field that is wrong, by name': shown(refusedCredentials('create with %s is 400')),
  },
  'vaults.credentials.retrieve': {
    'in another vault: 404': shown(credentials('a credential is found in its own vault only')),
  },
  'vaults.credentials.update': {
    '400 for what never changes': shown(credentials('what cannot be changed (%#)')),
    '400 once archived': shown(credentials('archive purges the secret, frees the place, and makes it read-only')),
  },
  'vaults.credentials.list': {},
  'vaults.credentials.delete': {},
  'vaults.credentials.archive': {
    'again: unchanged': shown(credentials('archive purges the secret, frees the place, and makes it read-only')),
  },
  'vaults.credentials.mcpOAuthValidate': {
    '400 for the other types': shown(validation('the other types have nothing to validate: 400')),
  },
  'memoryStores.create': {
    '400 for both beta headers together': shown(memoryStores('either beta header opens it, both together are refused')),
    'a field that is wrong, by name': shown(memoryStores('create with %s is 400')),
  },
  'memoryStores.retrieve': {},
  'memoryStores.update': {
    '400 once archived': shown(
      memoryStores('an archived one can be read, and what is in it deleted or redacted, no more'),
    ),
  },
  'memoryStores.list': {},
  'memoryStores.delete': {},
  'memoryStores.archive': {
    'again: unchanged': shown(
      memoryStores('an archived one can be read, and what is in it deleted or redacted, no more'),
    ),
  },
  'memoryStores.memories.create': {
    '400 for paths that are none': shown(memories('the path %j is none')),
    '400 above 102,400 bytes': shown(memories('content is UTF-8 of at most 102,400 bytes')),
    '400 for the 2,001st': shown(memories('a store has at most 2,000 memories; those can still be changed')),
    '409 memory_path_conflict_error': shown(memories('create at %s is a conflict that names the other')),
    '400 in an archived store': shown(
      memoryStores('an archived one can be read, and what is in it deleted or redacted, no more'),
    ),
  },
  'memoryStores.memories.retrieve': {},
  'memoryStores.memories.update': {
    '409 memory_path_conflict_error': shown(
      memories('an update to a path that is taken is a conflict, and changes nothing'),
    ),
    '409 memory_precondition_failed_error': shown(
      memories('a precondition that does not hold is a conflict, unless there is nothing to change'),
    ),
  },
  'memoryStores.memories.list': {
    'prefixes and depth': shown(memoryLists('at depth 1 what lies deeper is a prefix, which counts like a memory')),
    'twenty in full at the most': shown(memoryLists('in full there are 20 a page at most, and contents')),
  },
  'memoryStores.memories.delete': {
    '409 memory_precondition_failed_error': shown(memories('delete, unless another content is expected')),
  },
  'memoryStores.memoryVersions.retrieve': {
    'in another store: 404': shown(memoryVersions('a version of another store is not found')),
  },
  'memoryStores.memoryVersions.list': {
    filters: shown(memoryVersions('filters')),
  },
  'memoryStores.memoryVersions.redact': {
    '400 for what the memory holds now': shown(
      memoryVersions('what a memory holds now cannot be redacted; once it is changed it can'),
    ),
  },
  'skills.create': {
    '400 for a form that is wrong': shown(skillForms('a form with %s is refused')),
    '400 for an archive that is wrong': shown(skillForms('a zip archive with %s is refused')),
    '413 above 30 MB': shown(skillForms('a body that says it is too large, and one that is, are 413')),
  },
  'skills.retrieve': {},
  'skills.list': {
    'by source': shown(skills('by source: there are only custom ones')),
  },
  'skills.delete': {},
  'skills.versions.create': {
    '400 for another name': shown(skills('all versions have the name of the first')),
  },
  'skills.versions.retrieve': {
    'of another skill: 404': shown(skills('a version of another skill is not found below this one')),
  },
  'skills.versions.list': {},
  'skills.versions.delete': {
    '400 for the only one': shown(
      skills('versions: the newest is the latest, until it is deleted; the only one stays'),
    ),
  },
  'skills.versions.download': {
    'an archive of one directory': shown(
      skills('a download is a zip of one directory, called as the skill, with every file to the byte'),
    ),
  },
  'files.upload': {
    '400 for names, forms and times that are wrong': shown(fileForms('%s')),
    '400 for an expiry out of range': shown(files('%d seconds are refused')),
    '413 above 500 MB': shown(fileForms('a body that announces too much is answered before it is read')),
    '400 storage_quota_exceeded': never('there is no quota but the disk, and a full one is a 503'),
  },
  'files.list': {
    '400 for ids together with limit or page': shown(files('%s is refused')),
    'ids that are not there are left out': shown(files('ids: those that are there, newest first, in one page')),
    'by scope': shown(files('a scope lists its own; without one all are listed')),
  },
  'files.retrieveMetadata': {
    'of an expired one, for 30 days': shown(
      files('expired: the bytes are gone at once for who asks and then for good; the metadata stays for 30 days'),
    ),
  },
  'files.download': {
    'carried out': shown(files('what a session has made is in its scope and can be downloaded, to the byte')),
    '400 file_not_downloadable': shown(files('what was uploaded cannot be downloaded')),
    '404 file_expired': shown(
      files('expired: the bytes are gone at once for who asks and then for good; the metadata stays for 30 days'),
    ),
  },
  'files.delete': {
    'again: 404': shown(files('a file that is deleted once is not deleted twice at the same time')),
  },
} satisfies { readonly [Name in Operation]?: Readonly<Record<string, EventRow>> };
