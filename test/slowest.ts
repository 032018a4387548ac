/** Prints the test files that took longest, when all have run. */
import type { Reporter, TestModule } from 'vitest/node';

const SHOWN = 10;

export default class Slowest implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules.map((module) => {
      const { duration, collectDuration, setupDuration } = module.diagnostic();
      return { file: module.relativeModuleId, seconds: (duration + collectDuration + setupDuration) / 1000 };
    });
    if (times.length <= SHOWN) return;
    const sum = times.reduce((total, { seconds }) => total + seconds, 0);
    const slowest = times.sort((a, b) => b.seconds - a.seconds).slice(0, SHOWN);
    console.log(`\nslowest of ${times.length} files, which took ${sum.toFixed(0)} s in sum:`);
    for (const { file, seconds } of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
  }
}
