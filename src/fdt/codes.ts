/** What can be wrong with a flattened device tree or an overlay. */
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';

export const FDT_CODES = defineCodes({
  'fdt/not-a-blob': {
    severity: 'error',
    title: 'not a flattened device tree',
    explain: 'The file does not begin with the magic number d00dfeed. Sources (.dts, .dtso) must be compiled with dtc.',
  },
  'fdt/truncated': {
    severity: 'error',
    title: 'the blob is shorter than its header says',
    explain: 'The file is incomplete: the disk was full, or a copy or download was interrupted. Copy the file again.',
  },
  'fdt/bad-header': {
    severity: 'error',
    title: 'header fields that contradict each other',
    explain:
      'An offset or size in the header points outside the blob. The file is damaged, or something other than dtc wrote it.',
  },
  'fdt/unsupported-version': {
    severity: 'error',
    title: 'a format version other than 16 or 17',
    explain: 'Linux reads version 16 and 17 only. Convert the file: dtc -I dtb -O dtb -V 17 OLD.dtb -o NEW.dtb.',
  },
  'fdt/too-large': {
    severity: 'error',
    title: 'a blob larger than any kernel accepts',
    explain: 'arm64 maps at most 2 MiB of device tree. A larger file is not a device tree, or it cannot be booted.',
  },
  'fdt/bad-reservations': {
    severity: 'error',
    title: 'a memory reservation block without an end',
    explain: 'The list of memory reservations must end with an entry of size 0 inside the blob.',
  },
  'fdt/bad-structure': {
    severity: 'error',
    title: 'a damaged structure block',
    explain:
      'The tree is a sequence of tags (begin node, end node, property, no-op, end). One is unknown, missing, out of place or extends past the end of the block.',
  },
  'fdt/bad-name': {
    severity: 'error',
    title: 'a property name outside the strings block',
    explain:
      'Every property points to its name in the strings block. This one points outside the block, or to a name that does not end.',
  },
  'fdt/too-deep': {
    severity: 'error',
    title: 'nodes nested deeper than the kernel reads',
    explain: 'Linux unflattens at most 64 levels (FDT_MAX_DEPTH). Deeper trees cannot be booted.',
  },
  'fdt/duplicate-property': {
    severity: 'warning',
    title: 'a node with the same property twice',
    explain: 'dtc never writes this. Readers use the first one and ignore the others.',
  },
  'fdt/property-after-subnode': {
    severity: 'warning',
    title: 'a property after a subnode',
    explain: 'The properties of a node come before its subnodes. libfdt and Linux do not see later ones.',
  },
  'fdt/bad-listing': {
    severity: 'error',
    title: 'a listing that is not a device tree directory',
    explain: 'A live device tree is a directory whose files are properties and whose directories are nodes.',
  },
  'fdt/overlay-empty': {
    severity: 'warning',
    title: 'an overlay that changes nothing',
    explain:
      'An overlay has nodes (fragment@0, ...) with a target and an __overlay__ node. A blob without such a node, for example the complete device tree of a board, is applied without an error and without an effect.',
  },
  'fdt/overlay-phandle': {
    severity: 'error',
    title: 'a phandle that cannot be used',
    explain: 'A phandle is one cell. Its value must not be 0 or 0xffffffff, also after it is renumbered for the base.',
  },
  'fdt/overlay-fixup': {
    severity: 'error',
    title: 'a fixup that does not point to a property',
    explain:
      'dtc -@ lists the places of phandles in __fixups__ and __local_fixups__. An entry is malformed, or it does not point to a property. Compile the overlay again; do not edit those nodes by hand.',
  },
  'fdt/overlay-no-symbols': {
    severity: 'error',
    title: 'labels in the overlay, but not in the base',
    explain:
      'The overlay refers to labels of the base (&label), and the base was compiled without them. Compile the base with dtc -@ (kernel: DTC_FLAGS=-@), or give the overlay a target-path.',
  },
  'fdt/overlay-unknown-label': {
    severity: 'error',
    title: 'a label that the base does not have',
    explain: 'The overlay refers to a label (&label) that is not in the __symbols__ node of the base.',
  },
  'fdt/overlay-no-target': {
    severity: 'error',
    title: 'a fragment whose target does not exist',
    explain:
      'target-path or target of a fragment names the node of the base that it changes. The base does not have that node.',
  },
  'fdt/overlay-bad-symbol': {
    severity: 'error',
    title: 'a symbol of the overlay that cannot be copied',
    explain: 'Labels of the overlay become labels of the result. The value is not the path of a node in the overlay.',
  },
  'fdt/overlay-phandle-replaced': {
    severity: 'warning',
    title: 'the overlay replaces a phandle of the base',
    explain:
      'The overlay labels a node that already has a phandle in the base. libfdt before 1.7.1 (U-Boot, fdtoverlay) gives the node a new phandle, which breaks every reference to the old one.',
  },
});

export const report = reporter(FDT_CODES);
export type FdtCode = keyof typeof FDT_CODES;

/** A byte offset as messages write it. */
export function atByte(offset: number): string {
  return `at byte 0x${offset.toString(16)}`;
}

/** A finding in a binary file: the file is the span, the message says the byte and the node. */
export function finding(
  file: string | undefined,
  code: FdtCode,
  text: { message: string; cause: string; fix: string },
): Diagnostic {
  return report(code, {
    ...text,
    ...(file !== undefined && { span: { file, line: 1, column: 1, endLine: 1, endColumn: 1 } }),
  });
}
