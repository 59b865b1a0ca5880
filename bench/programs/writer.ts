import { CostMeter, readSettings, say } from './program';
import type { WriterSettings } from './writer-settings';

/** One request, sent and answered; gives the number of entries accepted. */
export type SendRequest = (turn: number) => Promise<number>;

/** Keeps as many requests in flight as the settings say, until the cost is known. */
export async function writeOn(open: (settings: WriterSettings) => SendRequest): Promise<void> {
  const settings = readSettings<WriterSettings>();
  const meter = new CostMeter(settings.warmUp, settings.records);
  const send = open(settings);
  let turn = 0;
  let done = false;
  const lane = async (): Promise<void> => {
    while (!done) {
      const cost = meter.count(await send(turn++));
      if (cost !== undefined) {
        done = true;
        say(cost);
      }
    }
  };
  await Promise.all(Array.from({ length: settings.inFlight }, lane));
  process.exit();
}
