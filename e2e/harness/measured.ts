// Numbers that tests and benchmarks print.
import { test } from '@playwright/test';

/** The value that so large a share (0 to 1) of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Prints a line of numbers, and keeps it with the test. */
export function report(line: string): void {
  console.log(line);
  test.info().annotations.push({ type: 'measured', description: line });
}
