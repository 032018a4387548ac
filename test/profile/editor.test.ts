/** What the JSON language service of VS Code completes and underlines with the schema: editors use it or do the same. */
import { expect, test } from 'vitest';
import { getLanguageService, TextDocument } from 'vscode-json-languageservice';
import { PROFILE_SCHEMA_URL } from '../../src/build/profile-schema.js';
import { readSchema } from '../../src/build/schema.js';
import { pixelFormatNames } from '../../src/facts/pixel-format.js';
import { TARGETS } from '../../src/render/index.js';

const URI = 'urn:dmaheap:profile:1';
const service = getLanguageService({});
service.configure({ schemas: [{ uri: URI, fileMatch: ['*'], schema: readSchema(PROFILE_SCHEMA_URL) as object }] });

const open = (text: string) => {
  const document = TextDocument.create('file:///board.jsonc', 'jsonc', 1, text);
  return { document, json: service.parseJSONDocument(document) };
};

/** The words offered at `|`, without their quotes. */
async function completed(text: string): Promise<string[]> {
  const { document, json } = open(text.replace('|', ''));
  const list = await service.doComplete(document, document.positionAt(text.indexOf('|')), json);
  return (list?.items ?? []).map(({ label }) => label.replaceAll('"', ''));
}

/** The texts that are underlined. */
async function underlined(text: string): Promise<string[]> {
  const { document, json } = open(text);
  const found = await service.doValidation(document, json, { comments: 'ignore', trailingCommas: 'ignore' });
  return found.map(({ range }) => document.getText(range));
}

const profile = (rest: string) => `{
  // a comment
  "version": 1,
  "name": "my-board",
  "board": { "arch": "arm64", "memory": [{ "base": "0x40000000", "size": "1G" }] },
  "kernel": { "version": { "min": "6.1", "max": "6.12" } },
  ${rest}
}`;
const variant = (rest: string) => `{ "version": 1, "name": "my-variant", "extends": ["my-board.json"], ${rest} }`;
const region = (rest: string) => profile(`"regions": { "linux,cma": { ${rest} } }`);
const buffers = (rest: string) =>
  region(`"budget": { "buffers": [{ "width": 64, "height": 64, "count": 1, ${rest} }] }`);

test.each([
  ['targets', profile('"targets": { "|" }'), TARGETS.map(({ name }) => name)],
  ['targets of a variant', variant('"targets": { "|" }'), TARGETS.map(({ name }) => name)],
  ['options of a target', profile('"targets": { "yocto": { "|" } }'), ['kernel', 'kernelKind']],
  [
    'values of an option',
    profile('"targets": { "yocto": { "kernelKind": "|" } }'),
    ['detect', 'kernel-yocto', 'merge-config', 'ignores-cfg'],
  ],
  ['pixel formats', buffers('"format": "|"'), pixelFormatNames()],
  ['sizes', region('"size": "|"'), ['256M']],
  ['modes', profile('"access": { "camera": { "group": "video", "mode": "|" } }'), ['0660', '0440']],
  ['groups', profile('"access": { "camera": { "group": "|" } }'), ['video']],
  ['architectures', '{ "board": { "arch": "|" } }', ['arm64', 'arm', 'riscv64', 'x86_64']],
  ['keys of a region', region('"|"'), ['size', 'budget', 'default', 'allocRanges', 'delivery']],
  ['keys of a region of a variant', variant('"regions": { "linux,cma": { "|" } }'), ['size', 'addressBits']],
  ['keys of the profile', '{ "|" }', ['version', 'board', 'regions', 'heaps', 'access', 'targets', 'extends']],
])('completes %s', async (_, text, words) => {
  expect(await completed(text)).toEqual(expect.arrayContaining(words));
});

test.each([
  ['a target that does not exist', profile('"targets": { "yokto": {} }'), '"yokto"'],
  ['one of a variant', variant('"targets": { "yokto": {} }'), '"yokto"'],
  [
    'an option that does not exist',
    profile('"targets": { "yocto": { "kernelkind": "kernel-yocto" } }'),
    '"kernelkind"',
  ],
  ['the value of an option', profile('"targets": { "yocto": { "kernelKind": "yocto" } }'), '"yocto"'],
  ['a format that does not exist', buffers('"format": "NV13"'), '"NV13"'],
  ['a fraction', region('"size": "0.4G"'), '"0.4G"'],
  ['a size of zero', region('"size": 0'), '0'],
  ['a mode for everyone', profile('"access": { "camera": { "group": "video", "mode": "0666" } }'), '"0666"'],
  ['an executable device', profile('"access": { "camera": { "group": "video", "mode": "0770" } }'), '"0770"'],
  ['a group of two words', profile('"access": { "camera": { "group": "video group" } }'), '"video group"'],
  ['a name of the kernel', profile('"regions": { "reserved": { "size": "64M" } }'), '"reserved"'],
  [
    'a symbol with its prefix',
    profile('').replace('"6.12" }', '"6.12" }, "symbols": { "CONFIG_CMA": "y" }'),
    '"CONFIG_CMA"',
  ],
  ['a key of nothing', profile('"region": {}'), '"region"'],
  ['null without a base', profile('"verify": null'), 'null'],
])('underlines %s, and nothing else', async (_, text, words) => {
  expect(new Set(await underlined(text))).toEqual(new Set([words]));
});

test.each([
  ['a complete profile', profile('"targets": { "yocto": { "kernelKind": "kernel-yocto" } }')],
  ['a format in small letters', buffers('"format": "nv12"')],
  ['one item for a list', profile('"access": { "camera": { "group": "video", "users": "camera" } }')],
  [
    'a forced mode',
    profile('"access": { "c": { "group": "video", "mode": "0666", "force": "one user, no network" } }'),
  ],
  [
    'a variant',
    variant('"board": { "title": "x" }, "regions": { "linux,cma": { "addressBits": null } }, "verify": null'),
  ],
])('underlines nothing of %s', async (_, text) => {
  expect(await underlined(text)).toEqual([]);
});

test('describes a key under the pointer', async () => {
  const text = profile('"targets": { "yocto": {} }');
  const { document, json } = open(text);
  const hover = await service.doHover(document, document.positionAt(text.indexOf('yocto')), json);
  expect(JSON.stringify(hover?.contents)).toContain('Yocto layer');
});
