const MAX_ALTERNATIVES = 256;
const ANY_DIRECTORIES = '([^/.][^/]*/)*';
const ANY_NAME = '[^/.][^/]*';

/**
 * A POSIX extended regular expression for the relative paths of files that a glob pattern matches: `*` and `?` within a
 * name, `**` as whole segments for any directories, `[abc]`, `[!a-z]`, `{a,b}`, and `\` to quote. Wildcards do not match
 * a leading dot. Nothing when the braces stand for more than 256 patterns.
 */
export function globToRegex(pattern: string): string | undefined {
  const alternatives = expandBraces(pattern);
  if (alternatives === undefined) return undefined;
  return `(${[...new Set(alternatives.map(pathToRegex))].join('|')})`;
}

/** Whether some way to read the pattern leads out of the directory that is searched. */
export function canAscend(pattern: string): boolean {
  return pattern.split(/[\\/{},]/).includes('..');
}

function expandBraces(pattern: string): string[] | undefined {
  const braces = findBraces(pattern);
  if (!braces) return [pattern];
  const tails = expandBraces(pattern.slice(braces.end + 1));
  if (!tails) return undefined;
  const heads: string[] = [];
  for (const choice of braces.choices) {
    const expanded = expandBraces(choice);
    if (!expanded || (heads.length + expanded.length) * tails.length > MAX_ALTERNATIVES) return undefined;
    heads.push(...expanded);
  }
  const before = pattern.slice(0, braces.start);
  return heads.flatMap((head) => tails.map((tail) => before + head + tail));
}

/** The first `{a,b}` of the pattern; braces without a comma, or without their partner, stand for themselves. */
function findBraces(pattern: string): { start: number; end: number; choices: string[] } | undefined {
  for (let start = pattern.indexOf('{'); start >= 0; start = pattern.indexOf('{', start + 1)) {
    if (isQuoted(pattern, start)) continue;
    const choices = readChoices(pattern, start);
    if (choices && choices.list.length > 1) return { start, end: choices.end, choices: choices.list };
  }
  return undefined;
}

function readChoices(pattern: string, start: number): { list: string[]; end: number } | undefined {
  const list: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let i = start; i < pattern.length; i += 1) {
    const char = pattern[i];
    if (char === '\\') i += 1;
    else if (char === '{') depth += 1;
    else if (char === ',' && depth === 1) {
      list.push(pattern.slice(from, i));
      from = i + 1;
    } else if (char === '}' && --depth === 0) return { list: [...list, pattern.slice(from, i)], end: i };
  }
  return undefined;
}

function isQuoted(pattern: string, at: number): boolean {
  let backslashes = 0;
  while (pattern[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function pathToRegex(pattern: string): string {
  const segments = pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
  let regex = '';
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1;
    // Two in a row mean no more than one, and would make matching slow.
    if (segment === '**' && segments[i - 1] !== '**') regex += ANY_DIRECTORIES;
    if (segment === '**') regex += last ? ANY_NAME : '';
    else regex += nameToRegex(segment) + (last ? '' : '/');
  }
  // Only files are looked for: a pattern for directories matches none.
  return pattern.endsWith('/') ? `${regex}/` : regex;
}

function nameToRegex(name: string): string {
  let regex = '';
  for (let i = 0; i < name.length;) {
    const rest = name.slice(i);
    const wildcards = /^[*?]+/.exec(rest)?.[0];
    const set = wildcards === undefined ? readSet(rest) : undefined;
    if (wildcards !== undefined) {
      regex += wildcardsToRegex(wildcards, i === 0, rest[wildcards.length]);
      i += wildcards.length;
    } else if (set) {
      regex += setToRegex(set.members, set.negated, i === 0);
      i += set.length;
    } else {
      const literal = rest.startsWith('\\') && rest.length > 1 ? rest.slice(1, 2) : rest.slice(0, 1);
      regex += literal.replace(/[.[{}()*+?^$|\\]/, '\\$&');
      i += rest.startsWith('\\') && rest.length > 1 ? 2 : 1;
    }
  }
  return regex;
}

function wildcardsToRegex(wildcards: string, atStart: boolean, next: string | undefined): string {
  const single = wildcards.replaceAll('*', '').length;
  const any = wildcards.includes('*') ? '[^/]*' : '';
  if (!atStart) return '[^/]'.repeat(single) + any;
  if (single > 0) return `[^/.]${'[^/]'.repeat(single - 1)}${any}`;
  // Where a dot or nothing follows, the star has to match something, or the name would begin with that dot.
  return next === undefined || next === '.' ? ANY_NAME : `(${ANY_NAME})?`;
}

/** `[…]` at the start of `text`; nothing when it is not closed. */
function readSet(text: string): { members: string; negated: boolean; length: number } | undefined {
  const found = /^\[([!^]?)(\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]/.exec(text);
  if (!found?.[2]) return undefined;
  return { members: found[2].replaceAll(/\\(.)/g, '$1'), negated: found[1] !== '', length: found[0].length };
}

/** Inside a POSIX set nothing can be quoted: `]` has to come first, `-` last, and `^` not first. */
function setToRegex(members: string, negated: boolean, atStart: boolean): string {
  const ranges = members.match(/\[:[a-z]+:\]|[^-]-[^-]/g) ?? [];
  const singles = members.replaceAll(/\[:[a-z]+:\]|[^-]-[^-]/g, '');
  const has = (char: string) => singles.includes(char);
  const plain = singles.replaceAll(/[\]^-]/g, '');
  const inside = `${has(']') ? ']' : ''}${ranges.join('')}${plain}`;
  if (negated) return `[^${inside}/${atStart ? '.' : ''}${has('^') ? '^' : ''}${has('-') ? '-' : ''}]`;
  if (inside === '') return has('^') ? `(\\^|${has('-') ? '-' : '\\^'})` : '-';
  return `[${inside}${has('^') ? '^' : ''}${has('-') ? '-' : ''}]`;
}
