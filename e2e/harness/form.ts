// How long tests run: short for every change, full for numbers worth quoting.

/** Rounds of each restart and kill: E2E_REPEAT, 1 unless it says more. */
export const REPEAT = Number(process.env['E2E_REPEAT'] ?? 1);
/** Twenty rounds are the full form, in which measurements take their full time, too. */
export const IS_FULL = REPEAT >= 20;

/** What a time in milliseconds is judged by: as it says in the full form, on a machine that is otherwise idle; ten times as
 * long in every other run, which only what does not happen at all exceeds. */
export function within(ms: number): number {
  return IS_FULL ? ms : 10 * ms;
}
