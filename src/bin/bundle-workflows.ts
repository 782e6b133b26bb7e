import { writeFileSync } from 'node:fs';
import { bundleWorkflowCode } from '@temporalio/worker';
import { WORKFLOW_BUNDLE, WORKFLOWS } from './package-paths.js';

/**
 * The SDK takes a stack trace of every promise that a workflow makes, by source map, for a query that nobody asks: a
 * third of what workflows cost. It finds what it needs by code that it has compiled, each time, by the constructor of
 * `Promise`. This one knows both pieces, and gives for `Error` what has no stack; errors that are thrown keep theirs. It
 * has to stand first, since the SDK freezes `Promise`, and on the bundle's own first line for the map.
 */
const NO_TRACES = [
  "Object.defineProperty(Promise, 'constructor', { value: (code) =>",
  "code === 'return globalThis.__TEMPORAL_ACTIVATOR__' ? () => globalThis.__TEMPORAL_ACTIVATOR__ :",
  "code === 'return globalThis.Error' ? () => Object : Function(code) }); ",
].join(' ');

// Part of the build: bundling at each start would cost two seconds.
void bundleWorkflowCode({
  workflowsPath: WORKFLOWS,
  logger: { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error },
}).then(({ code }) => writeFileSync(WORKFLOW_BUNDLE, NO_TRACES + code));
