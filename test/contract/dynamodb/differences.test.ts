import { DIFFERENCES } from './differences';
import { createTable, leaseTable, SERVICES, useService } from './services';

describe.each(SERVICES)('known differences, as %s has them', (name) => {
  const client = useService(name);

  test.each(DIFFERENCES.map((difference, index) => [difference.title, index, difference] as const))(
    '%s',
    async (_title, index, { run, results }) => {
      const TableName = `difference-${index}`;
      await createTable(client(), { ...leaseTable, TableName });
      expect(await run(client(), TableName)).toEqual(results[name]);
    },
  );
});

test('the emulator is on the side of the documentation, always', () => {
  expect(DIFFERENCES.filter(({ right }) => right !== 'emulator')).toEqual([]);
});
