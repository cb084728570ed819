// Prints the line that CI counts: `N passed, N failed`, alone and last.
import type { FullResult, Reporter, Suite } from '@playwright/test/reporter';

export default class CountReporter implements Reporter {
  #suite?: Suite;
  #problems = 0;
  #status: FullResult['status'] = 'passed';

  onBegin(_config: unknown, suite: Suite): void {
    this.#suite = suite;
  }

  /** A problem outside every test, such as a file that does not load. */
  onError(): void {
    this.#problems += 1;
  }

  onEnd(result: FullResult): void {
    this.#status = result.status;
  }

  // The list reporter prints its summary in `onEnd`; what is printed here comes after it.
  async onExit(): Promise<void> {
    const outcomes = (this.#suite?.allTests() ?? []).map((test) => test.outcome());
    const passed = outcomes.filter((outcome) => outcome === 'expected' || outcome === 'flaky').length;
    let failed = outcomes.length - passed + this.#problems;
    if (this.#status !== 'passed' && failed === 0) failed = 1;
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}
