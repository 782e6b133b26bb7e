import { docker } from '../support/sandbox.js';
import { describeSandboxes } from './sandbox.js';

describeSandboxes(docker());
