import { writeFileSync } from 'node:fs';
import { bundleWorkflowCode } from '@temporalio/worker';
import { WORKFLOW_BUNDLE, WORKFLOWS } from './package-paths.js';

/**
 * The SDK takes a stack trace of every promise that a workflow makes, by source map: with V8's ten frames that is a tenth
 * of a turn's CPU. It has to stand first, since the SDK freezes `Error`, and on the bundle's own first line for the map.
 */
const SHORT_TRACES = 'Error.stackTraceLimit = 4; ';

// Part of the build: bundling at each start would cost two seconds.
void bundleWorkflowCode({
  workflowsPath: WORKFLOWS,
  logger: { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error },
}).then(({ code }) => writeFileSync(WORKFLOW_BUNDLE, SHORT_TRACES + code));
