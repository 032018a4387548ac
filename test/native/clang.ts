/**
 * `npm run lint:native [-- --all]`: the native parts as clang sees them: its warnings and tests for all of them, clang-tidy
 * for a share of the files.
 */
import { readdirSync } from 'node:fs';
import { execa } from 'execa';
import { shareOf } from '../share.js';

const FILES_TIDIED = 8;

const files = ['core', 'cli'].flatMap((folder) =>
  readdirSync(`native/${folder}`)
    .filter((name) => name.endsWith('.c'))
    .map((name) => `tidy/${folder}/${name}`),
);
const tidied = process.argv.includes('--all') ? files : shareOf('files that clang-tidy reads', files, FILES_TIDIED);
const make = ['-s', '-j2', '-O', '-C', 'native', 'CC=clang', 'BUILD=../dist/native/test/clang'];
const { exitCode } = await execa('make', [...make, 'check', 'tidy', `TIDY=${tidied.join(' ')}`], {
  stdio: 'inherit',
  reject: false,
});
process.exitCode = exitCode ?? 1;
