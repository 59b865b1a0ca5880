import { liveAll, type SeedRange } from './seeds';

// A process of `simulate`: lives the seeds it is told, tells what came of them, and ends with its parent.
process.on('message', (range: SeedRange) => {
  void liveAll(range).then((told) => process.send?.(told));
});
