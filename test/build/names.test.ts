/** Nothing that dmaheap writes or shows fetches its name from a registry: whoever registered it there would run code. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** A command that asks a registry or an index for a package or an image of our name. */
const FETCH =
  /\b(?:npx|bunx|(?:npm|pnpm|yarn|bun)\s+(?:i|in|install|ci|add|exec|x|dlx|create|bugs|view|repo|docs|update)|pipx?3?\s+(?:install|run|download)|uvx|gem install|cargo install|go install|(?:docker|podman)\s+(?:run|pull)|apt(?:-get)?\s+install|apk add|brew install)(?:\s+(?:--?\S+|[\w@/.=~^-]+))*?\s+@?(?:dmaheap(?:-verify)?)(?![\w/-]|\.(?:mjs|json|deb|tgz))/;

test('the pattern sees what it is for', () => {
  for (const line of [
    'npx dmaheap validate',
    'npx --yes dmaheap@1 x',
    'npm install -g dmaheap',
    'npm i --save-dev typescript dmaheap',
    'npm bugs dmaheap',
    'pnpm dlx dmaheap',
    'apt-get install -y dmaheap',
    'docker run --rm dmaheap:latest',
  ])
    expect(FETCH.test(line), line).toBe(true);
  for (const line of [
    'npm install ./dmaheap-0.1.0.tgz',
    'apt install ./dmaheap_0.1.0_all.deb',
    'node dist/dmaheap.mjs',
    'npm ci && npm run demo',
    'npm link',
  ])
    expect(FETCH.test(line), line).toBe(false);
});

const tracked = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0');
const shown = tracked.filter(
  (file) =>
    /\.md$|^(docs|templates|schemas|src|native|test\/golden|\.ci|\.github)\/|^\.gitlab-ci\.yml$/.test(file) &&
    !/\.png$/.test(file),
);

test('no page, message, template or generated file does', () => {
  expect(shown.length).toBeGreaterThan(500);
  const found = shown.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, i) => (FETCH.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});
