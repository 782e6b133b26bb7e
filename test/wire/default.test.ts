import { describeWire } from './suite.js';

describeWire('as configured by default');
