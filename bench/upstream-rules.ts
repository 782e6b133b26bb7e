/** What the Messages API refuses a request with. */
export interface Refusal {
  status: number;
  type: string;
  message: string;
}

type Json = Record<string, unknown>;

export interface Rules {
  /** Whether this signature belongs to this thought. */
  isSigned: (thinking: string, signature: string) => boolean;
}

/**
 * The Messages API's demands on a request, as strict as the real one where we know it, and stricter where it is lenient
 * (it joins messages of one role; here that is an error, since only an oversight would send them).
 */
export function checkRequest(body: unknown, rules: Rules): Refusal | undefined {
  try {
    checkBody(asObject(body, 'body'), rules);
    return undefined;
  } catch (error) {
    if (error instanceof Invalid) return { status: 400, type: 'invalid_request_error', message: error.message };
    throw error;
  }
}

class Invalid extends Error {}

function demand(condition: boolean, where: string, what: string): asserts condition {
  if (!condition) throw new Invalid(`${where}: ${what}`);
}

function asObject(value: unknown, where: string): Json {
  demand(typeof value === 'object' && value !== null && !Array.isArray(value), where, 'Input should be an object');
  return value as Json;
}

function asList(value: unknown, where: string): unknown[] {
  demand(Array.isArray(value), where, 'Input should be a valid list');
  return value;
}

const FIELDS = new Set(
  'model max_tokens messages system tools tool_choice stream thinking output_config speed inference_geo metadata stop_sequences'.split(
    ' ',
  ),
);

function checkBody(body: Json, rules: Rules): void {
  for (const field of Object.keys(body)) demand(FIELDS.has(field), field, 'Extra inputs are not permitted');
  demand(typeof body['model'] === 'string' && body['model'] !== '', 'model', 'Field required');
  demand(Number.isInteger(body['max_tokens']) && Number(body['max_tokens']) > 0, 'max_tokens', 'must be at least 1');
  const effort = asObject(body['output_config'] ?? {}, 'output_config')['effort'] ?? 'high';
  demand(
    ['low', 'medium', 'high', 'xhigh', 'max'].some((level) => level === effort),
    'output_config.effort',
    'unknown level',
  );
  if (body['system'] !== undefined) checkSystem(body['system']);
  asList(body['tools'] ?? [], 'tools').forEach((tool, index, tools) =>
    checkTool(asObject(tool, `tools.${index}`), index, tools),
  );
  const messages = asList(body['messages'], 'messages').map((value, index) => asObject(value, `messages.${index}`));
  checkMessages(messages, rules);
  const marks = countMarks(body['tools']) + countMarks(body['system']) + countMarks(messages.map((m) => m['content']));
  demand(marks <= 4, 'cache_control', `A maximum of 4 blocks with cache_control may be provided. Found ${marks}.`);
}

function countMarks(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, part) => sum + countMarks(part), 0);
  return typeof value === 'object' && value !== null && 'cache_control' in value ? 1 : 0;
}

function checkSystem(system: unknown): void {
  if (typeof system === 'string') return;
  for (const [index, value] of asList(system, 'system').entries()) {
    const block = asObject(value, `system.${index}`);
    demand(block['type'] === 'text', `system.${index}.type`, "Input should be 'text'");
    checkText(block, `system.${index}`);
  }
}

function checkTool(tool: Json, index: number, tools: unknown[]): void {
  const name = tool['name'];
  demand(
    typeof name === 'string' && /^[\w-]{1,128}$/.test(name),
    `tools.${index}.name`,
    'String should match the pattern',
  );
  const same = tools.filter((other) => asObject(other, 'tools')['name'] === name);
  demand(same.length === 1, 'tools', 'Tool names must be unique.');
  if (typeof tool['type'] === 'string' && tool['type'] !== 'custom') return;
  const schema = asObject(tool['input_schema'], `tools.${index}.input_schema`);
  demand(schema['type'] === 'object', `tools.${index}.input_schema.type`, "Input should be 'object'");
}

/** Calls that the next message has to answer. */
interface Walk {
  open: string[];
  known: Set<string>;
  rules: Rules;
}

function checkMessages(messages: Json[], rules: Rules): void {
  demand(messages.length > 0, 'messages', 'at least one message is required');
  const walk: Walk = { open: [], known: new Set(), rules };
  let turn = -1;
  for (const [index, message] of messages.entries()) {
    const where = `messages.${index}`;
    if (message['role'] === 'system') {
      checkSystemMessage(message, where, messages[index - 1], messages[index + 1]);
      continue;
    }
    turn += 1;
    const role = turn % 2 === 0 ? 'user' : 'assistant';
    demand(
      message['role'] === role,
      where,
      turn === 0 ? 'first message must use the "user" role' : `roles must alternate, expected ${role}`,
    );
    const content = message['content'];
    const blocks =
      typeof content === 'string' ? [{ type: 'text', text: content }] : asList(content, `${where}.content`);
    demand(blocks.length > 0, where, 'all messages must have non-empty content');
    const objects = blocks.map((block, place) => asObject(block, `${where}.content.${place}`));
    if (role === 'user') checkUser(objects, where, walk);
    else checkAssistant(objects, where, walk, index === messages.length - 1);
  }
  demand(
    walk.open.length === 0,
    'messages',
    `\`tool_use\` ids were found without \`tool_result\` blocks: ${walk.open.join(', ')}`,
  );
}

/** An instruction in the midst: after a user's turn, before the assistant's. */
function checkSystemMessage(message: Json, where: string, before: Json | undefined, after: Json | undefined): void {
  demand(before?.['role'] === 'user', where, 'a system message must immediately follow a user message');
  demand(
    after === undefined || after['role'] === 'assistant',
    where,
    'a system message must be the last one or be followed by an assistant message',
  );
  const { content } = message;
  const hasContent = content !== '' && !(Array.isArray(content) && content.length === 0);
  demand(hasContent, where, 'all messages must have non-empty content');
  checkSystem(content);
}

const USER_BLOCKS = new Set(['text', 'image', 'document', 'search_result', 'tool_result']);

function checkUser(blocks: Json[], where: string, walk: Walk): void {
  const answered = new Set<unknown>();
  let resultsEnded = false;
  for (const [index, block] of blocks.entries()) {
    const at = `${where}.content.${index}`;
    demand(USER_BLOCKS.has(String(block['type'])), at, `\`${String(block['type'])}\` is not allowed in a user message`);
    if (block['type'] !== 'tool_result') {
      resultsEnded = true;
      checkContent(block, at);
      continue;
    }
    const id = block['tool_use_id'];
    demand(!resultsEnded, at, '`tool_result` blocks must come before all other content');
    demand(
      walk.open.includes(String(id)),
      at,
      `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(id)}`,
    );
    demand(!answered.has(id), at, 'each tool_use must have a single result');
    answered.add(id);
    checkResult(block, at);
  }
  const missing = walk.open.filter((id) => !answered.has(id));
  demand(
    missing.length === 0,
    where,
    `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}`,
  );
  walk.open = [];
}

function checkResult(block: Json, at: string): void {
  const { content } = block;
  if (content === undefined || typeof content === 'string') return;
  for (const [index, value] of asList(content, `${at}.content`).entries()) {
    const part = asObject(value, `${at}.content.${index}`);
    checkContent(part, `${at}.content.${index}`);
    demand(
      part['type'] === 'text' || block['is_error'] !== true,
      at,
      "all content must be type 'text' if 'is_error' is true",
    );
  }
}

const IMAGES = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

function checkContent(block: Json, at: string): void {
  const source = block['source'];
  switch (block['type']) {
    case 'text':
      checkText(block, at);
      return;
    case 'image':
      checkSource(asObject(source, `${at}.source`), at, (type) => IMAGES.has(type));
      return;
    case 'document':
      checkSource(asObject(source, `${at}.source`), at, (type) => type === 'application/pdf' || type === 'text/plain');
      return;
    case 'search_result':
      demand(typeof source === 'string' && typeof block['title'] === 'string', at, 'source and title are required');
      for (const part of asList(block['content'], at)) checkText(asObject(part, at), at);
      return;
    default:
      demand(false, at, `unknown block type ${String(block['type'])}`);
  }
}

function checkSource(source: Json, at: string, isKnown: (mediaType: string) => boolean): void {
  const { type, url, data, media_type, file_id } = source;
  if (type === 'url') demand(typeof url === 'string' && /^https?:/.test(url), at, 'Only HTTP URLs are supported.');
  else if (type === 'file') demand(typeof file_id === 'string', at, 'file_id is required');
  else {
    demand(type === 'base64' || type === 'text', at, 'unknown source type');
    demand(typeof data === 'string' && data !== '', at, 'source data is empty');
    demand(isKnown(String(media_type)), at, `media type ${String(media_type)} is not supported`);
  }
}

function checkText(block: Json, at: string): void {
  const { text } = block;
  demand(typeof text === 'string' && text !== '', at, 'text content blocks must be non-empty');
  demand(text.trim() !== '', at, 'text content blocks must contain non-whitespace text');
}

function checkAssistant(blocks: Json[], where: string, walk: Walk, isLast: boolean): void {
  const results = new Set(blocks.flatMap((block) => ('tool_use_id' in block ? [block['tool_use_id']] : [])));
  let paused = false;
  for (const [index, block] of blocks.entries()) {
    const at = `${where}.content.${index}`;
    const { type, id } = block;
    if (type === 'text') checkText(block, at);
    if (type === 'thinking') checkThinking(block, at, walk.rules);
    if (type === 'tool_use') openCall(block, at, walk);
    if (type !== 'server_tool_use') continue;
    paused = true;
    demand(results.has(id) || isLast, at, `\`server_tool_use\` ${String(id)} was found without its result`);
  }
  const end = blocks.at(-1)?.['type'];
  demand(
    end !== 'thinking' && end !== 'redacted_thinking',
    where,
    'The final block in an assistant message cannot be `thinking`.',
  );
  demand(
    !isLast || paused,
    where,
    'This model does not support assistant message prefill. The conversation must end with a user message.',
  );
}

function checkThinking(block: Json, at: string, rules: Rules): void {
  demand(block['cache_control'] === undefined, at, 'cache_control cannot be set for thinking blocks');
  const { thinking, signature } = block;
  const isSigned = typeof thinking === 'string' && typeof signature === 'string' && rules.isSigned(thinking, signature);
  demand(isSigned, at, 'Invalid `signature` in `thinking` block');
}

function openCall(block: Json, at: string, walk: Walk): void {
  const id = String(block['id']);
  demand(/^[\w-]+$/.test(id), at, 'tool_use id should match the pattern ^[a-zA-Z0-9_-]+$');
  demand(!walk.known.has(id), at, '`tool_use` ids must be unique');
  demand(typeof block['name'] === 'string', at, 'name: Field required');
  asObject(block['input'], `${at}.input`);
  walk.known.add(id);
  walk.open.push(id);
}
