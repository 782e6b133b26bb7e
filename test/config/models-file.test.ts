import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Flags, readConfig } from '../../src/config/config.js';
import { readModelsFile } from '../../src/config/models-file.js';
import { StartError } from '../../src/config/start-error.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'models-file-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const OPENAI = { type: 'openai', base_url: 'http://127.0.0.1:11434/v1' };
const PRICE = { input: '1', cache_write_5m: '1.25', cache_write_1h: '2', cache_read: '0.1', output: '5' };

function write(content: unknown, name = 'models.json'): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function faults(content: unknown, env: NodeJS.ProcessEnv = {}): string[] {
  const path = write(content);
  try {
    readModelsFile(path, env);
  } catch (error) {
    if (error instanceof StartError) return error.message.split('\n').map((line) => line.replace(`${path}: `, ''));
    throw error;
  }
  return [];
}

const one = (entry: object, backend: object = OPENAI) => ({ backends: { b: backend }, models: { m: entry } });

test('a file with every backend', () => {
  const content = {
    backends: {
      claude: { type: 'anthropic', api_key_env: 'CLAUDE_KEY', stall_seconds: 60 },
      aws: { type: 'bedrock', region: 'us-east-1', access_key_id_env: 'ID', secret_access_key_env: 'SECRET' },
      gcp: { type: 'vertex', region: 'global', project: 'p' },
      local: { ...OPENAI, base_url: 'http://127.0.0.1:11434/v1/', max_tokens_field: 'max_completion_tokens' },
      script: { type: 'scripted' },
    },
    models: {
      'claude-opus-5-5': { backend: 'claude', price: PRICE },
      'claude-*': { backend: 'aws', upstream_model: 'anthropic.claude-*-v1:0' },
      llama: { backend: 'local', context_window: 8192, max_output_tokens: 2048, takes_system_messages: false },
      '*': { backend: 'script', display_name: 'Script' },
    },
  };
  const env = { CLAUDE_KEY: 'k', ID: 'i', SECRET: 's', OTHER: 'o' };
  const read = readModelsFile(write(content), env);
  expect(read.secrets).toEqual({ CLAUDE_KEY: 'k', ID: 'i', SECRET: 's' });
  expect(read.models).toEqual(content.models);
  expect(read.backends['local']).toMatchObject({ base_url: 'http://127.0.0.1:11434/v1' });
});

test.each<[string, unknown]>([
  ['is not JSON (line 1 column 3)', '{ oops }'],
  ['is not JSON (Unexpected end)', '{"backends":'],
  ['is not JSON', '[nonsense]'],
  ['backends: is needed', { models: {} }],
  ['models: must name a model', { backends: {}, models: {} }],
  ['extra: no such field', { ...one({ backend: 'b', context_window: 9 }), extra: 1 }],
  ['backends.b.type: must be anthropic, bedrock, vertex, openai or scripted', one({ backend: 'b' }, { type: 'x' })],
  ['backends.b.base_url: is needed', one({ backend: 'b', context_window: 9 }, { type: 'openai' })],
  [
    'backends.b.base_url: must be an http or https URL',
    one({ backend: 'b', context_window: 9 }, { type: 'openai', base_url: 'ftp://x' }),
  ],
  ['backends.b.region: is needed', one({ backend: 'b' }, { type: 'bedrock' })],
  [
    'backends.b.access_key_id_env: must go with secret_access_key_env, or both be left out',
    one({ backend: 'b' }, { type: 'bedrock', region: 'r', access_key_id_env: 'X' }),
  ],
  ['backends.b.project: is needed', one({ backend: 'b' }, { type: 'vertex', region: 'r' })],
  [
    'backends.b.api_key_env: KEY_OF_B is not set',
    one({ backend: 'b' }, { type: 'anthropic', api_key_env: 'KEY_OF_B' }),
  ],
  [
    'backends.b.api_key_env: must be the name of an environment variable',
    one({ backend: 'b' }, { type: 'anthropic', api_key_env: 'sk-ant-secret' }),
  ],
  [
    'backends.b.stall_seconds: must be a whole number',
    one({ backend: 'b' }, { type: 'anthropic', stall_seconds: 'x' }),
  ],
  ['models.m.backend: must be one of b', one({ backend: 'c' })],
  ['models.m.context_window: is needed, since an openai backend does not tell it', one({ backend: 'b' })],
  ['models.m.context_window: must be a whole number of tokens', one({ backend: 'b', context_window: 1.5 })],
  [
    'models.m.max_output_tokens: must be less than context_window',
    one({ backend: 'b', context_window: 9, max_output_tokens: 9 }),
  ],
  ['models.m.takes_system_messages: must be true or false', one({ backend: 'b', takes_system_messages: 'yes' })],
  [
    'models.m.price.input: must be a decimal number as a text, such as "0.25"',
    one({ backend: 'b', context_window: 9, price: { ...PRICE, input: 1 } }),
  ],
  [
    'models.m.price.output: is needed',
    one({ backend: 'b', context_window: 9, price: { ...PRICE, output: undefined } }),
  ],
  [
    'models.a*b: must be a model id, the beginning of one with a * after it, or *',
    { backends: { b: { type: 'scripted' } }, models: { 'a*b': { backend: 'b' } } },
  ],
])('%s', (line, content) => {
  expect(faults(content)).toEqual([line]);
});

test('P4: a key in the file is refused, and never repeated', () => {
  const lines = faults(one({ backend: 'b' }, { type: 'anthropic', api_key: 'sk-ant-secret' }));
  expect(lines).toEqual(['backends.b.api_key: no such field']);
  expect(faults('{"api_key": "sk-ant-secret').join()).not.toContain('secret');
  expect(faults('{"api_key": sk-ant-secret}').join()).not.toContain('secret');
});

function read(env: NodeJS.ProcessEnv, flags: Flags) {
  return readConfig(env, { data: directory, ...flags }, directory).model;
}

describe('which file is read', () => {
  const scripted = { backends: { s: { type: 'scripted' } }, models: { '*': { backend: 's' } } };

  test('the one that is named, by flag or variable', () => {
    write(scripted, 'mine.json');
    const expected = { kind: 'file', file: { models: { '*': { backend: 's' } } } };
    expect(read({}, { models: 'mine.json' })).toMatchObject(expected);
    expect(read({ DROVER_MODELS: join(directory, 'mine.json') }, {})).toMatchObject(expected);
  });

  test('a named one must be there', () => {
    expect(() => read({}, { models: 'none.json' })).toThrow(`${join(directory, 'none.json')}: cannot be read (ENOENT)`);
  });

  test('models.json in the data directory, unless something else is asked for', () => {
    expect(read({ ANTHROPIC_API_KEY: 'k' }, {})).toMatchObject({ kind: 'anthropic', file: undefined });
    write(scripted);
    expect(read({ ANTHROPIC_API_KEY: 'k' }, {}).kind).toBe('file');
    expect(read({}, { model: 'scripted' })).toMatchObject({ kind: 'scripted', file: undefined });
  });

  test('not both a file and a model', () => {
    const flags = { model: 'scripted', models: 'mine.json' };
    expect(() => read({}, flags)).toThrow('--model: cannot go with --models');
  });

  test('a directory in its place', () => {
    mkdirSync(join(directory, 'models.json'));
    expect(() => read({}, {})).toThrow(/models\.json: cannot be read \(EISDIR\)/);
  });
});
