const TestSequencer = require('@jest/test-sequencer').default;

/** Those that start servers, engines and sandboxes; their files are short, and jest would begin with long files. */
const SLOW = /\/test\/(chaos|wire|temporal|cli|clients|contracts|fuzz|postgres|sandbox)\//;

/** Where nothing is known of earlier runs, whole servers come first: the last test to end then is a short one. */
module.exports = class LongestFirst extends TestSequencer {
  sort(tests) {
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
};

function rank({ path, duration }) {
  return duration === undefined && SLOW.test(path) ? 0 : 1;
}
