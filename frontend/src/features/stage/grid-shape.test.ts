// How tiles are arranged.
import { describe, expect, it } from 'vitest';
import { gridShape } from './grid-shape';

const desktop = { width: 1552, height: 740 };
const tablet = { width: 720, height: 860 };
const phone = { width: 336, height: 560 };
const phoneOnItsSide = { width: 616, height: 200 };

describe('gridShape', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 2],
    [5, 3],
    [8, 3],
    [10, 4],
  ])('puts %i tiles into %i columns on a desktop', (tiles, columns) => {
    expect(gridShape(tiles, desktop).columns).toBe(columns);
  });

  it('stacks a few tiles where there is more height than width, and pairs more', () => {
    expect([2, 3, 4, 8].map((tiles) => gridShape(tiles, phone).columns)).toEqual([1, 1, 2, 2]);
    expect([2, 3, 4, 8].map((tiles) => gridShape(tiles, tablet).columns)).toEqual([1, 1, 2, 2]);
    expect(gridShape(2, phoneOnItsSide).columns).toBe(2);
  });

  it.each([desktop, tablet, phone])('fits nine people into %o', (space) => {
    for (let tiles = 1; tiles <= 9; tiles += 1) {
      const { columns, tile, width, scrolls } = gridShape(tiles, space);
      const rows = Math.ceil(tiles / columns);
      expect(scrolls).toBe(false);
      expect(width).toBeLessThanOrEqual(space.width);
      expect(rows * tile.height + (rows - 1) * 10).toBeLessThanOrEqual(space.height);
    }
  });

  it('rather scrolls than makes tiles too small to see anybody', () => {
    const { tile, width, scrolls } = gridShape(16, phoneOnItsSide);

    expect(scrolls).toBe(true);
    expect(tile.width).toBeGreaterThanOrEqual(130);
    expect(width).toBeLessThanOrEqual(phoneOnItsSide.width);
  });
});
