import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A Node process that runs a piece of our source, to be killed with -9. */
export interface SourceRun {
  pid: number;
  /** The next line of its standard output; throws when it ends first. */
  line(): Promise<string>;
  /** Ends it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
}

/** Runs a script that gets at our TypeScript with `load(absolutePath)`. */
export function runSource(script: string, env: NodeJS.ProcessEnv = process.env): SourceRun {
  const child = spawn(process.execPath, ['-e', `${LOADER}\n${script}`], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    // A process that could not be spawned has no lines either, and that is what its reader is told.
    pid: child.pid ?? 0,
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error('the child ended');
      return value;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

// Compiles each source as it is required, as jest does.
const LOADER = `
const { transformFileSync } = require(${JSON.stringify(require.resolve('@swc/core'))});
const Module = require('node:module');
const options = { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'commonjs', ignoreDynamic: false } };
require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, { ...options, swcrc: false }).code, file);
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (name, parent, ...rest) {
  const own = /^\\.{1,2}\\//.test(name) && parent?.filename?.endsWith('.ts');
  return resolveFilename.call(this, own ? name.replace(/\\.js$/, '.ts') : name, parent, ...rest);
};
const load = (path) => Module.createRequire(${JSON.stringify(join(__dirname, 'child.ts'))})(path);
`;
