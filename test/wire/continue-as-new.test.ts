import { describeWire } from './suite.js';

// P9: continue-as-new is invisible outside.
describeWire('with a new run every 40 events', { DROVER_CONTINUE_AS_NEW_EVENTS: '40' });
