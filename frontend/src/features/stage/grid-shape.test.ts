// How tiles are arranged.
import { expect, it } from 'vitest';
import { gridShape } from './grid-shape';

it.each([
  [1, 1, 1],
  [2, 2, 1],
  [3, 2, 2],
  [4, 2, 2],
  [5, 3, 2],
  [8, 3, 3],
  [10, 4, 3],
])('%i tiles take %i columns and %i rows', (tiles, columns, rows) => {
  expect(gridShape(tiles)).toMatchObject({ columns, rows });
});

it('stacks two tiles on a phone and pairs more than two', () => {
  expect([1, 2, 3, 8].map((tiles) => gridShape(tiles).phoneColumns)).toEqual([1, 1, 2, 2]);
});
