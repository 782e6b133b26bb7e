import { bubblewrap } from '../support/sandbox.js';
import { describeSandboxes } from './sandbox.js';

describeSandboxes(bubblewrap());
