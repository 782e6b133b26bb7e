import { describeTools } from '../contracts/tools.js';
import { bubblewrap } from '../support/sandbox.js';

describeTools(bubblewrap());
