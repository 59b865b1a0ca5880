// A sequencer of Jest: files that take minutes begin first, so that the others run beside them and not before them. Jest
// itself knows how long a file takes only from an earlier run, of which a fresh clone has none.
const { default: Sequencer } = require('@jest/test-sequencer');

const LONG = ['e2e/export.test.ts'];

const isLong = ({ path }) => LONG.some((end) => path.endsWith(end));

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
