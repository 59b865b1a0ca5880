import { CATALOGUE } from '../../../src/doctor/catalogue';
import { NOT_TRIED, TRIES } from '../../../src/doctor/permission-tries';
import { page } from '../../support/markdown';

const text = page('docs/doctor.md');

test('docs/doctor.md has a row for each line that can be printed, and for no other', () => {
  const rows = [...text.matchAll(/^\| `([a-z.\dx-]+)` \|/gm)].map(([, id]) => id);
  expect(rows.toSorted()).toEqual(Object.keys(CATALOGUE).toSorted());
});

test('docs/doctor.md says of each action how it is tried', () => {
  const names = [...Object.keys(TRIES), ...Object.keys(NOT_TRIED)]
    .filter((action) => !/^(kms|sts)/.test(action))
    .map((action) => action.split(':')[1] ?? '');
  expect(names.filter((name) => !text.includes(name))).toEqual([]);
});
