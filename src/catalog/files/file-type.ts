/** Extensions and their types, both ways; of several for one type the first is the one that a nameless file gets. */
const TYPES: readonly (readonly [extension: string, type: string])[] = [
  ['txt', 'text/plain'],
  ['md', 'text/markdown'],
  ['csv', 'text/csv'],
  ['html', 'text/html'],
  ['htm', 'text/html'],
  ['css', 'text/css'],
  ['js', 'text/javascript'],
  ['xml', 'application/xml'],
  ['json', 'application/json'],
  ['jsonl', 'application/jsonl'],
  ['yaml', 'application/yaml'],
  ['yml', 'application/yaml'],
  ['pdf', 'application/pdf'],
  ['zip', 'application/zip'],
  ['gz', 'application/gzip'],
  ['tar', 'application/x-tar'],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['svg', 'image/svg+xml'],
  ['mp3', 'audio/mpeg'],
  ['wav', 'audio/wav'],
  ['mp4', 'video/mp4'],
];

const UNKNOWN = 'application/octet-stream';

/** The type as it was declared; where that says nothing, what the name's extension stands for. */
export function typeOf(declared: string | undefined, filename: string | undefined): string {
  const extension = filename?.split('.').at(-1)?.toLowerCase();
  const byName = TYPES.find(([known]) => known === extension)?.[1] ?? UNKNOWN;
  if (declared === undefined || declared === UNKNOWN || !isType(declared)) return byName;
  // So a part of a form is called that does not say what it is.
  if (declared === 'text/plain' && byName !== UNKNOWN && !isText(byName)) return byName;
  return declared;
}

/** Whether it is read as text, whatever is in it. */
export function isText(type: string): boolean {
  return type.startsWith('text/') || TEXTS.includes(type);
}

const TEXTS = ['application/json', 'application/jsonl', 'application/xml', 'application/yaml', 'image/svg+xml'];

/** Without the dot. */
export function extensionFor(type: string): string | undefined {
  return TYPES.find(([, known]) => known === type)?.[0];
}

/** It is sent back as a header, so it is none of what could end one. */
function isType(text: string): boolean {
  return text.length <= 255 && /^[\w.+!#$&^-]+\/[\w.+!#$&^-]+$/.test(text);
}
