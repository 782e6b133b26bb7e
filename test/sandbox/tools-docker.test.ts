import { describeTools } from '../contracts/tools.js';
import { docker } from '../support/sandbox.js';

describeTools(docker());
