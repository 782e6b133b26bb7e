import { join } from 'node:path';

/** The package's root: this file is compiled to `dist/src/bin`, and read as source by the tests. */
const ROOT = join(__dirname, __dirname.includes(join('dist', 'src')) ? '../../..' : '../..');

/** Compiled workflow code, and the one file that it is bundled into. */
export const WORKFLOWS = join(ROOT, 'dist/workflows/workflows.js');
export const WORKFLOW_BUNDLE = join(ROOT, 'dist/workflow-bundle.js');

/** The launcher: what `drover` is on the command line. */
export const PROGRAM = join(ROOT, 'bin/drover.js');
