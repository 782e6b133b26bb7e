import { parse } from 'yaml';
import { invalid } from '../validate.js';

export interface FrontMatter {
  name: string;
  description: string;
}

const MAX_CHARACTERS = 32_768;
const MAX_NAME = 64;
const MAX_DESCRIPTION = 1_024;
const RESERVED = ['anthropic', 'claude'];
const FENCED = /^---[ \t]*\r?\n(?<yaml>(?:[^]*?\r?\n)?)---[ \t]*(?:\r?\n|$)/;

/** What a SKILL.md says of its skill in front; a skill that does not name itself has its directory's name. */
export function readFrontMatter(bytes: Uint8Array, directory: string): FrontMatter {
  const fields = parseFields(decode(bytes));
  return { name: checkName(fields['name'] ?? directory), description: checkDescription(fields['description']) };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('must be UTF-8');
  }
}

function parseFields(text: string): Partial<Record<string, unknown>> {
  const yaml = FENCED.exec(text.slice(0, MAX_CHARACTERS))?.groups?.['yaml'];
  if (yaml === undefined) throw refuse('must begin with YAML between two lines ---');
  const fields = parseYaml(yaml);
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw refuse('must begin with YAML of the form "name: value"');
  }
  return fields;
}

function parseYaml(yaml: string): unknown {
  try {
    return parse(yaml, { maxAliasCount: 10, logLevel: 'error' });
  } catch (error) {
    // Nested too deep for the parser is the caller's fault as well.
    const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n');
    throw refuse(`begins with YAML that cannot be read: ${reason.slice(0, 200)}`);
  }
}

function checkName(name: unknown): string {
  if (typeof name !== 'string' || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    throw refuse('name: must consist of small letters and digits, with single hyphens between them');
  }
  if (name.length > MAX_NAME) throw refuse(`name: must have at most ${MAX_NAME} characters`);
  const reserved = RESERVED.find((word) => name.includes(word));
  if (reserved !== undefined) throw refuse(`name: must not contain "${reserved}"`);
  return name;
}

function checkDescription(description: unknown): string {
  const text = typeof description === 'string' ? description.trim() : '';
  if (text === '') throw refuse('description: is required, a text');
  if (text.includes('\0')) throw refuse('description: must not contain the character U+0000');
  if (text.length > MAX_DESCRIPTION) throw refuse(`description: must have at most ${MAX_DESCRIPTION} characters`);
  return text;
}

function refuse(what: string) {
  return invalid('files', `SKILL.md ${what}`);
}
