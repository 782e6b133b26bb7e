import { createBubblewrapSandboxes } from '../../src/sandbox/bubblewrap.js';
import { describeTools } from '../contracts/tools.js';

describeTools('bubblewrap', (dataDir) => createBubblewrapSandboxes({ dataDir, dataId: 'tools-test' }));
