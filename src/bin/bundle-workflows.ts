import { writeFileSync } from 'node:fs';
import { bundleWorkflowCode } from '@temporalio/worker';
import { WORKFLOW_BUNDLE, WORKFLOWS } from './package-paths.js';

// Part of the build: bundling at each start would cost two seconds.
void bundleWorkflowCode({
  workflowsPath: WORKFLOWS,
  logger: { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error },
}).then(({ code }) => writeFileSync(WORKFLOW_BUNDLE, code));
