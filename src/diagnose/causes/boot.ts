/** The boot loader did not give the kernel the device tree that was meant. */
import type { Board } from '../board.js';
import type { Cause } from './cause.js';

const REGION = /linux,cma|cma|pool|reserved/i;

export const BOOT: readonly Cause[] = [
  {
    id: 'CMA_DT_NODE_MISSING',
    when(board) {
      const symbols = board.first('noSymbols');
      const apply = board.first('overlayNotApplied');
      const load = board.first('overlayNotLoaded');
      if (isOfAnotherPart(board)) return undefined;
      if (symbols !== undefined)
        return {
          text: 'the overlay was not applied: it refers to a label, but the base device tree has no __symbols__ (it was compiled without -@), so the boot loader keeps the original tree.',
          evidence: [symbols?.line, apply?.line],
          fix: 'compile the base device tree with symbols (dtc -@, DTC_FLAGS=-@), or write the overlay with target-path = "/" and a reserved-memory node, which needs no label',
        };
      if (load !== undefined)
        return {
          text: `the boot loader could not load the overlay ${load.file}, so the node is not in the running device tree.`,
          evidence: [load.line, board.first('noTreeNode')?.line],
          fix: `put ${load.file.replace(/^.*\//, '') || 'the .dtbo'} where the boot loader looks, or correct the path in the overlay line (fdtoverlays of extlinux.conf, overlays= of armbianEnv.txt, dtoverlay= of config.txt): the path is relative to the partition that the boot loader reads. Then its log must show that the overlay was loaded`,
        };
      if (apply !== undefined)
        return {
          text: `the boot loader could not apply the overlay${apply.reason === '' ? '' : ` (${apply.reason})`}, so it boots with the unchanged device tree.`,
          evidence: [apply.line],
          fix: `${/NOSPACE/.test(apply.reason) ? 'enlarge the tree before the overlay is applied (fdt resize 0x10000 in U-Boot)' : /NOTFOUND/.test(apply.reason) ? 'the base device tree does not have a label or a path that the overlay names, or has no __symbols__ (fdt list /__symbols__ in U-Boot; dtc -@ makes them): name a node that it has, or write the overlay with target-path = "/"; apply it on a workstation with fdtoverlay -i base.dtb -o out.dtb overlay.dtbo' : 'apply it on a workstation with fdtoverlay -i base.dtb -o out.dtb overlay.dtbo, which prints the reason'}, and check the target of the overlay; then the log must not show the error`,
        };
      const wrongFile = wrongConfigTxt(board);
      if (wrongFile !== undefined) return wrongFile;
      return notInTree(board);
    },
  },
];

const OF_MEMORY = /cma|heap|reserv|resmem|rmem|pool|mem|carveout|dma|buf|camera|video|vpu|isp|kms/i;

/** The overlays that failed are named, none by memory or what needs it, and no area, node or heap is said to be missing. */
function isOfAnotherPart(board: Board): boolean {
  const failed = [...board.all('overlayNotLoaded'), ...board.all('overlayNotApplied'), ...board.all('noSymbols')];
  const names = failed.flatMap(({ line }) => line.match(/[\w.+-]+\.dtbo\b/g) ?? []);
  const isMissing =
    board.has('noTreeNode') ||
    board.has('treeNames') ||
    board.has('treeNode') ||
    board.isAbsent() ||
    board.refused.length > 0 ||
    board.line(/\b(?:cma|heaps?|reserved[- ]memory)\b(?!.*^[cd][-r])/i) !== undefined;
  return (
    names.length > 0 &&
    !names.some((name) => OF_MEMORY.test(name)) &&
    !(isMissing && !(board.heapNames() ?? []).some((name) => board.isDefaultName(name)))
  );
}

/** Bookworm and later read /boot/firmware; an edited /boot/config.txt has no effect. */
function wrongConfigTxt(board: Board) {
  const edited = board.line(/(?:\s|^)\/boot\/config\.txt/);
  const real = board.line(/\/boot\/firmware\b/);
  const fat = board.line(
    /\/boot\/firmware\s+\/dev\/\S+\s+vfat|DO NOT EDIT|The file you are looking for has moved|moved to .*\/boot\/firmware/i,
  );
  if (
    edited === undefined ||
    real === undefined ||
    (fat === undefined && !/not.*(?:read|used)|no change|nothing changes|ignored/i.test(board.text))
  )
    return undefined;
  return {
    text: 'the edited config.txt is not the one that the firmware reads: it reads /boot/firmware/config.txt on the FAT partition, but /boot/config.txt is on the root file system. So the overlay was not loaded.',
    evidence: [edited, real],
    fix: 'put the line into /boot/firmware/config.txt and the .dtbo into /boot/firmware/overlays, and reboot; `vclog --msg` (or vcdbg log msg) then shows that the overlay is loaded',
  };
}

/** An overlay or a node requests an area, and the running tree has no such node. */
function notInTree(board: Board) {
  const names = board.all('treeNames').filter(({ of }) => of === '');
  const none = board.all('noTreeNode').find(({ path }) => REGION.test(path));
  // Most overlays have nothing to do with memory.
  const asked = board.line(
    /^(?=.*(?:cma|reserv|heap|pool|mem|carveout|buffer)).*(?:(?:\b|_)(?:dt)?overlays?=|fdtoverlays?\s+\S|dtoverlay=|user_overlays=|\.dtbo\b|\boverlay\b|设备树(?:插件|覆盖))/i,
  );
  const dump = board.line(/fdtget: .*FDT_ERR_NOTFOUND|Error at '?\/reserved-memory/i);
  const node = board.all('treeNode').map(({ name }) => name.replace(/@.*$/, ''));
  const isListed = names.some((one) =>
    one.names.some((name) => node.includes(name.replace(/@.*$/, '')) || /cma/.test(name)),
  );
  const seen = none?.line ?? dump ?? (names.length > 0 && !isListed ? names[0]?.line : undefined);
  if (seen === undefined || (asked === undefined && node.length === 0)) return undefined;
  return {
    text: 'the running device tree does not have this node: the kernel got a tree without the change.',
    evidence: [seen, asked, board.all('treeNode')[0]?.line],
    fix: "check that the line of the overlay is in the file that the boot loader reads, and that the log of the boot loader reports the overlay as loaded and applied; or build the node into the board's .dts. Then /proc/device-tree/reserved-memory must list it",
  };
}
