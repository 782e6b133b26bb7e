import type { Attachment } from '../../catalog/memory/attachments.js';

/** What the agent sees of this. */
export const MEMORY_ROOT = '/mnt/memory';

/** In the directory above the stores, where the agent cannot write: what of its files is in no store. */
export const NOT_SAVED = 'not-saved.txt';

/** What the agent is told of its stores; undefined when it has none. */
export function describeMemory(attachments: readonly Attachment[]): string | undefined {
  if (attachments.length === 0) return undefined;
  return [...INTRODUCTION, ...attachments.flatMap(describeStore)].join('\n');
}

/** What `not-saved.txt` says; undefined when it has nothing to say. */
export function describeProblems(problems: readonly [path: string, why: string][]): string | undefined {
  if (problems.length === 0) return undefined;
  return [...problems.map(([path, why]) => `${plain(path)} ${why}`), ''].join('\n');
}

/** One line each, whatever a file is called. */
function plain(path: string): string {
  return /\p{Cc}/u.test(path) ? JSON.stringify(path) : path;
}

const INTRODUCTION = [
  '# Memory',
  '',
  'Each directory below is a memory store. It outlasts this conversation, and other conversations may read and write it too. Look for what is relevant there before you begin, and write down what will be worth knowing later.',
  `Files are text in UTF-8 of at most 100 KB, 2,000 in a store; links are not kept. What you write is saved after each command, what others have written is there before the next. What could not be saved is listed in ${MEMORY_ROOT}/${NOT_SAVED}.`,
];

function describeStore({ mount_path, access, name, description, instructions }: Attachment): string[] {
  return [
    '',
    `## ${mount_path} (${access === 'read_only' ? 'read only' : 'read and write'})`,
    `Name: ${name}`,
    ...(description === '' ? [] : [`Description: ${description}`]),
    ...(instructions === null || instructions === '' ? [] : [`Instructions: ${instructions}`]),
  ];
}
