/** One member of an initramfs. Owner and group are 0 for all of them. */
export type Member =
  | {
      readonly path: string;
      readonly mode: number;
      readonly content: Uint8Array;
    }
  | {
      readonly path: string;
      readonly link: string;
    }
  | {
      readonly path: string;
      readonly directory: true;
    }
  | {
      readonly path: string;
      readonly character: readonly [major: number, minor: number];
    };
/** A cpio archive in the kernel's "newc" form (Documentation/driver-api/early-userspace/buffer-format.rst). */
export declare function newcArchive(members: readonly Member[]): Uint8Array;
