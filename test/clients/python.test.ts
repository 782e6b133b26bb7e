import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Drover, startDrover } from '../support/drover-process.js';
import { installPackages, probePython } from './python-packages.js';

const SUITE = join(__dirname, 'python');
/** The directories of the tests for one release each; the older one speaks an older version of the API. */
const RELEASES = [SUITE, join(SUITE, 'older')];

/** For a slow package index. */
const INSTALL_MS = 300_000;
const RUN_MS = 180_000;

interface Outcome {
  file: string;
  name: string;
  /** A text for each thing that went wrong. */
  wrong: string[];
}

interface Run {
  outcomes: Outcome[];
  stderr: string;
  code: number | null;
}

const python = probePython();
// In CI nothing is skipped: there the tests fail without Python.
const skipped = python.missing !== undefined && process.env['CI'] !== 'true';
if (skipped) console.log(`skipped: ${python.missing}`);
const describeHere = skipped ? describe.skip : describe;

let drover: Drover;
/** Where the packages of each release are. */
let packages: string[];
describeHere('the Python SDK', () => {
  beforeAll(async () => {
    if (python.missing !== undefined) throw new Error(python.missing);
    const { kind } = python;
    const installs = RELEASES.map((directory) => installPackages(join(directory, 'requirements.txt'), kind));
    [packages, drover] = await Promise.all([Promise.all(installs), startDrover()]);
  }, INSTALL_MS);
  afterAll(() => drover?.remove());

  describe.each(RELEASES.map((directory, index) => ({ version: versionOf(directory), directory, index })))(
    '$version',
    ({ directory, index }) => {
      let run: Run;
      beforeAll(async () => {
        run = await runSuite(directory, packages[index] ?? '');
      }, RUN_MS);

      const tests = testsOf(directory);
      test.each(tests)('$title', ({ file, name }) => {
        const outcome = run.outcomes.find((outcome) => outcome.file === file && outcome.name === name);
        expect(outcome?.wrong.join('\n') ?? 'it did not run').toBe('');
      });

      test('has run to its end, with no other tests', () => {
        if (run.code !== 0) console.log(run.stderr);
        const known = new Set(tests.map(({ file, name }) => `${file} ${name}`));
        expect(run.outcomes.filter(({ file, name }) => !known.has(`${file} ${name}`))).toEqual([]);
        expect(run.outcomes).toHaveLength(tests.length);
        expect(run.code).toBe(0);
      });
    },
  );
});

/** The package and its version, as pinned. */
function versionOf(directory: string): string {
  return readFileSync(join(directory, 'requirements.in'), 'utf8').trim();
}

interface PythonTest {
  title: string;
  file: string;
  name: string;
}

/** A directory's tests as they stand in the sources: what does not run is missed. */
function testsOf(directory: string): PythonTest[] {
  const files = readdirSync(directory).filter((file) => /^test_.*\.py$/.test(file));
  return files.flatMap((file) => {
    const source = readFileSync(join(directory, file), 'utf8');
    return [...source.matchAll(/def (test_\w+)/g)].map(([, name = '']) => ({ title: titleOf(file, name), file, name }));
  });
}

function titleOf(file: string, name: string): string {
  const [subject, sentence] = [file.slice('test_'.length, -'.py'.length), name.slice('test_'.length)];
  return `${subject}: ${sentence.replaceAll('_', ' ')}`;
}

async function runSuite(directory: string, packages: string): Promise<Run> {
  const outer = Object.entries(process.env).filter(([name]) => !/^(DROVER|ANTHROPIC|PYTHON)|_proxy$/i.test(name));
  const child = spawn('python3', [join(SUITE, 'run.py'), directory], {
    env: {
      ...Object.fromEntries(outer),
      PYTHONPATH: `${packages}:${SUITE}`,
      PYTHONNOUSERSITE: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      DROVER_TEST_URL: drover.url,
      DROVER_TEST_KEY: drover.apiKey,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS - 10_000,
    killSignal: 'SIGKILL',
  });
  const run: Run = { outcomes: [], stderr: '', code: null };
  // It prints lines of this form and nothing else.
  createInterface(child.stdout).on('line', (line) => void run.outcomes.push(JSON.parse(line) as Outcome));
  child.stderr.on('data', (chunk: Buffer) => (run.stderr += chunk.toString()));
  await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve((run.code = code)));
  });
  return run;
}
