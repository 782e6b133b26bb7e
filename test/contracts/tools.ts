import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox, Sandboxes } from '../../src/sandbox/sandbox.js';
import { runTool } from '../../src/sandbox/tools/run-tool.js';
import { describeBackend, type Backend } from '../support/sandbox.js';
import { describeBash } from './tools-bash.js';
import { describeFiles } from './tools-files.js';
import { describeRuns } from './tools-runs.js';
import { describeSearch } from './tools-search.js';
import { onlyText, spec, unhurried, type Workbench } from './tools-workbench.js';

/** Every text, limit and guarantee of the six tools, over any backend. */
export function describeTools(backend: Backend): void {
  describeBackend('tools', backend, () => {
    let dataDir: string;
    let sandboxes: Sandboxes;
    let sandbox: Sandbox;
    let calls = 0;

    const bench: Workbench = {
      get sandboxes() {
        return sandboxes;
      },
      get sandbox() {
        return sandbox;
      },
      newId: () => `toolu_${(calls += 1)}`,
      call: (name, input, toolUseId = bench.newId(), options = {}) =>
        runTool(sandbox, { toolUseId, name, input }, { ...unhurried(), ...options }),
      text: async (name, input) => onlyText(await bench.call(name, input), false),
      error: async (name, input) => onlyText(await bench.call(name, input), true),
      reacquire: async () => {
        sandbox = await sandboxes.acquire('tools', spec);
      },
    };

    beforeAll(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'drover-tools-'));
      sandboxes = backend.create(dataDir);
      await bench.reacquire();
    });

    afterAll(async () => {
      await sandboxes.destroy('tools', { workspace: true });
      await sandboxes.close();
      await rm(dataDir, { recursive: true, force: true });
    });

    describeBash(bench);
    describeFiles(bench);
    describeSearch(bench);
    describeRuns(bench);
  });
}
