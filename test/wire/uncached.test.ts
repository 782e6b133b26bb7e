import { describeWire } from './suite.js';

// Every workflow task replays the whole history: what is not deterministic fails here.
describeWire('with no workflow kept in memory', { DROVER_MAX_CACHED_WORKFLOWS: '0' });
