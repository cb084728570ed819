// How many columns and rows a number of tiles takes.

export interface GridShape {
  columns: number;
  rows: number;
  phoneColumns: number;
}

export function gridShape(tiles: number): GridShape {
  const columns = Math.max(1, Math.ceil(Math.sqrt(tiles)));
  return { columns, rows: Math.max(1, Math.ceil(tiles / columns)), phoneColumns: tiles <= 2 ? 1 : 2 };
}
