/** One line for each judgement of a suite, and `N passed, N failed, N skipped` at its end. */
export class Verdicts {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /** @param run returns objections, empty when there are none; an exception is one */
  async judge(name: string, run: () => Promise<string>): Promise<void> {
    const start = Date.now();
    const objection = await run().catch((error) => String(error));
    if (objection === '') this.#passed += 1;
    else this.#failed += 1;
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    console.log(`${objection === '' ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
    if (objection !== '') console.log(objection.split('\n').slice(-12).join('\n').replace(/^/gm, '     '));
  }

  /** @param reason what is missing, and what would decide the question */
  skip(name: string, reason: string): void {
    this.#skipped += 1;
    console.log(`not run: ${name}: ${reason}`);
  }

  /** Prints the sum and sets the exit status; a suite in which nothing passed has failed. */
  close(): void {
    console.log(`${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped`);
    process.exitCode = this.#failed > 0 || this.#passed === 0 ? 1 : 0;
  }
}
