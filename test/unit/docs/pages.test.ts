import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

it('the pages made from schemas and metrics are what these say', () => {
  const script = join(__dirname, '../../../scripts/docs.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
