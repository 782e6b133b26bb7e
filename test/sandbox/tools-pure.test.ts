import { imageSize } from '../../src/sandbox/tools/image-size.js';
import { canAscend, globToRegex } from '../../src/sandbox/tools/glob-pattern.js';
import { notebookText } from '../../src/sandbox/tools/notebook.js';
import { exactText, fromWholeCharacter, outputText, toWholeCharacter } from '../../src/sandbox/tools/output-text.js';
import { planTool, toolDefinitions, toolNames } from '../../src/sandbox/tools/tools.js';

describe('what the model is told', () => {
  it('names the six tools with object schemas whose required fields exist', () => {
    const definitions = toolDefinitions({ network: false });
    expect(definitions.map((definition) => definition.name)).toEqual([...toolNames]);
    for (const { input_schema, description } of definitions) {
      expect(input_schema.type).toBe('object');
      expect(Object.keys(input_schema.properties ?? {})).toEqual(expect.arrayContaining(input_schema.required ?? []));
      expect(description).toBeTruthy();
    }
  });

  it('is the same, byte for byte, each time', () => {
    expect(JSON.stringify(toolDefinitions({ network: false }))).toBe(
      JSON.stringify(toolDefinitions({ network: false })),
    );
  });

  it('says that there is no network only when there is none', () => {
    const [without] = toolDefinitions({ network: false }, ['bash']);
    const [withNetwork] = toolDefinitions({ network: true }, ['bash']);
    expect(without?.description).toContain('There is no network in this sandbox');
    expect(withNetwork?.description).not.toContain('network');
  });
});

describe('a bad input is refused with a sentence', () => {
  it.each([
    ['bash', {}, 'bash: command is required'],
    ['bash', { command: '', restart: false }, 'bash: command is required'],
    ['bash', { command: 'a\0b' }, 'bash: command: must not contain a NUL character'],
    ['bash', 'ls', 'bash: the input must be an object with the fields of the schema'],
    ['read', {}, 'read: file_path is required'],
    ['read', { file_path: '' }, 'read: file_path is required'],
    ['read', { file_path: 'a', view_range: [1] }, 'read: view_range: must be [first_line, last_line]'],
    ['write', { file_path: 'a' }, 'write: content is required'],
    ['write', { file_path: 'a\0', content: '' }, 'write: file_path: must not contain a NUL character'],
    ['edit', { file_path: 'a', old_string: '', new_string: 'b' }, 'edit: old_string is required'],
    ['edit', { file_path: 'a', old_string: 'x' }, 'edit: new_string is required'],
    [
      'edit',
      { file_path: 'a', old_string: '\0', new_string: '' },
      'edit: old_string: must not contain a NUL character: edit works on text files only',
    ],
    ['glob', {}, 'glob: pattern is required'],
    [
      'glob',
      { pattern: '/etc/*' },
      'glob: absolute pattern not permitted; pass a relative pattern (and optionally path)',
    ],
    ['glob', { pattern: '../*' }, 'glob: ".." is not permitted in the pattern'],
    ['glob', { pattern: 'a/{b,..}/*' }, 'glob: ".." is not permitted in the pattern'],
    ['glob', { pattern: '{a,b}'.repeat(40) }, 'glob: the braces of the pattern stand for too many patterns; use fewer'],
    ['grep', { pattern: '' }, 'grep: pattern is required'],
    ['browse', {}, 'browse: there is no such tool'],
  ])('%s %j', (name, input, refusal) => {
    expect(planTool(name, input)).toEqual({ ok: false, refusal });
  });

  it('takes null for absent, and ignores what it does not know', () => {
    const planned = planTool('bash', { command: 'ls', restart: null, timeout_ms: null, cwd: '/' });
    expect(planned).toMatchObject({ ok: true, plan: { command: { script: 'ls', timeoutMs: 120_000 } } });
  });

  it.each([
    [0, 120_000],
    [1500, 1500],
    [3_600_000, 600_000],
  ])('a timeout_ms of %i means %i', (timeout_ms, timeoutMs) => {
    expect(planTool('bash', { command: 'ls', timeout_ms })).toMatchObject({ plan: { command: { timeoutMs } } });
  });
});

describe('a command that was stopped', () => {
  it.each([
    ['memory', 'bash: the sandbox ran out of memory and the command was killed.'],
    ['disk', 'bash: the sandbox ran out of disk space and the command was stopped.'],
    ['timeout', 'bash: bash command timed out after 120000ms'],
  ] as const)('for want of %s shows its output and says why', (reason, suffix) => {
    const outcome = stopped('bash', { command: 'x' }, reason, 'printed\n');
    expect(outcome).toMatchObject({ body: 'printed', suffix: expect.stringContaining(suffix), is_error: true });
  });

  it.each(['Terminated', 'bash: line 3:    12 Killed                  sleep 60'])('does not show %j', (line) => {
    const outcome = stopped('bash', { command: 'x' }, 'timeout', `printed\n${line}\n`);
    expect(outcome).toMatchObject({ body: 'printed' });
  });

  it('keeps what a search had found by then', () => {
    const found = stopped('grep', { pattern: 'x' }, 'timeout', '\x1e/workspace/a:1:x\n');
    const suffix = '[the search was cut short after 60000 ms]';
    expect(found).toEqual({ kind: 'text', body: '/workspace/a:1:x', suffix, is_error: false });
    const none = stopped('grep', { pattern: 'x' }, 'timeout', '\x1e');
    expect(none).toEqual({ kind: 'text', body: 'grep: timed out after 60s', is_error: true });
  });

  it('names the tool that touches files', () => {
    const outcome = stopped('edit', { file_path: 'a', old_string: 'a', new_string: 'b' }, 'timeout', '\x1e');
    expect(outcome).toEqual({ kind: 'text', body: 'edit: timed out after 60000ms', is_error: true });
  });
});

describe('globToRegex', () => {
  // Patterns are matched against real trees in the contract suite; here are the ones no tree shows.
  it('refuses braces that multiply, whatever their depth', () => {
    expect(globToRegex('{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}')).toBeDefined();
    expect(globToRegex('{a,b}'.repeat(9))).toBeUndefined();
    expect(globToRegex(`${'{'.repeat(500)}a,b${'}'.repeat(500)}`)).toBeDefined();
  });

  it('sees every way out', () => {
    expect(['..', 'a/..', '{..,a}/b', '..\\/a'].map(canAscend)).toEqual([true, true, true, true]);
    expect(canAscend('a..b/...')).toBe(false);
  });
});

describe('output text', () => {
  it('drops terminal codes and trailing newlines, and replaces what is no text', () => {
    expect(outputText(Buffer.from('\u001b[31mred\u001b[0m\n\n'))).toBe('red');
    expect(outputText(Buffer.from([0x61, 0xff, 0x00, 0x62]))).toBe('a\u{FFFD}\u{FFFD}b');
  });

  it('keeps exact text exact and refuses the rest', () => {
    expect(exactText(Buffer.from('\u{FEFF}a\r\n'))).toBe('\u{FEFF}a\r\n');
    expect(exactText(Buffer.from([0xc3]))).toBeUndefined();
    expect(exactText(Buffer.from('a\0'))).toBeUndefined();
  });

  it('cuts between characters', () => {
    const bytes = Buffer.from('é😀');
    expect(exactText(fromWholeCharacter(bytes.subarray(3)))).toBe('');
    expect([2, 3, 4, 5, 6].map((max) => exactText(toWholeCharacter(bytes, max)))).toEqual(['é', 'é', 'é', 'é', 'é😀']);
  });
});

describe('notebookText', () => {
  it('shows sources and the text of outputs, and names what it leaves out', () => {
    const cells = [
      { cell_type: 'markdown', source: ['# Title\n', 'words'] },
      {
        cell_type: 'code',
        source: 'plot()',
        execution_count: 3,
        outputs: [
          { output_type: 'stream', text: ['1\n', '2\n'] },
          { output_type: 'display_data', data: { 'image/png': 'aGk=', 'text/plain': '<Figure>' } },
          { output_type: 'error', ename: 'ValueError', evalue: 'no' },
        ],
      },
    ];
    expect(notebookText(JSON.stringify({ nbformat: 4, cells }))).toBe(
      [
        '[cell 1: markdown]\n# Title\nwords\n',
        '[cell 2: code, run 3]\nplot()\n[output of cell 2]\n1\n2\n[output of cell 2]\n<Figure>\n(image/png, not shown)',
        '[output of cell 2]\nValueError: no',
      ].join('\n'),
    );
  });

  it.each(['', '[]', '{"cells":1}', 'text'])('is nothing for %j', (json) => {
    expect(notebookText(json)).toBeUndefined();
  });
});

describe('imageSize', () => {
  it.each([
    ['png', pad(0x89, ...latin('PNG\r\n\x1a\n'), 0, 0, 0, 13, ...latin('IHDR'), 0, 0, 1, 0, 0, 0, 0, 2)],
    ['gif', pad(...latin('GIF89a'), 0, 1, 2, 0)],
    ['lossy webp', pad(...latin('RIFF0000WEBPVP8 0000'), 0, 0, 0, 0x9d, 1, 0x2a, 0, 1, 2, 0)],
    ['lossless webp', pad(...latin('RIFF0000WEBPVP8L0000'), 0x2f, 0xff, 0x40, 0, 0)],
    ['extended webp', pad(...latin('RIFF0000WEBPVP8X0000'), 0, 0, 0, 0, 0xff, 0, 0, 1, 0, 0)],
    ['jpeg', pad(0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, 0xff, 0xff, 0xc2, 0, 11, 8, 0, 2, 1, 0)],
  ])('%s', (_name, bytes) => {
    expect(imageSize(bytes)).toEqual({ width: 256, height: 2 });
  });

  it('is nothing for a file that ends too soon', () => {
    expect(imageSize(Buffer.from([0xff, 0xd8, 0xff]))).toBeUndefined();
    expect(imageSize(pad(0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff))).toBeUndefined();
  });
});

function pad(...bytes: number[]): Buffer {
  return Buffer.from([...bytes, ...Array.from({ length: 40 }, () => 0)]);
}

function latin(text: string): number[] {
  return [...Buffer.from(text, 'latin1')];
}

function stopped(name: string, input: unknown, reason: 'timeout' | 'memory' | 'disk', printed: string) {
  const planned = planTool(name, input);
  const bytes = Buffer.from(printed);
  return planned.ok ? planned.plan.finish({ bytes, size: bytes.length, code: 137, reason }) : planned;
}
