// How tiles share a space: all of one size, and about as large as it allows.

/** Between tiles, in pixels. */
export const GAP = 10;
/** Below this width nobody is recognised, so the tiles rather scroll. */
const SMALLEST_TILE = 130;
/** A space as narrow as a phone has more use for tall pictures. */
const NARROW = 640;
/** Beside each other looks better than one below the other, for a little of the size. */
const GOOD_ENOUGH = 0.9;

export interface Size {
  width: number;
  height: number;
}

export interface GridShape {
  columns: number;
  tile: Size;
  /** Of a full row. */
  width: number;
  scrolls: boolean;
}

export function gridShape(tiles: number, space: Size): GridShape {
  const aspect = space.width < NARROW ? 4 / 3 : 16 / 9;
  const candidates = Array.from({ length: tiles }, (_, n) => {
    const columns = n + 1;
    const across = share(space.width, columns);
    const down = share(space.height, Math.ceil(tiles / columns));
    return { columns, width: Math.min(across, down * aspect) };
  });
  const largest = Math.max(...candidates.map(({ width }) => width));
  if (largest >= Math.min(SMALLEST_TILE, space.width)) {
    const best = candidates.findLast(({ width }) => width >= largest * GOOD_ENOUGH) ?? { columns: 1, width: largest };
    return shape(best.columns, best.width, aspect, false);
  }
  const columns = Math.min(tiles, Math.max(1, Math.floor((space.width + GAP) / (SMALLEST_TILE + GAP))));
  return shape(columns, Math.min(share(space.width, columns), SMALLEST_TILE * 1.5), aspect, true);
}

/** What each of so many gets of a length. */
function share(length: number, among: number): number {
  return (length - (among - 1) * GAP) / among;
}

function shape(columns: number, tileWidth: number, aspect: number, scrolls: boolean): GridShape {
  // Whole pixels, rounded down: a fraction too much would break a row.
  const width = Math.floor(tileWidth);
  return { columns, tile: { width, height: Math.floor(tileWidth / aspect) }, width: columns * width + (columns - 1) * GAP, scrolls };
}
