/** What a target produces: text at a path that cannot leave the output directory. */

declare const checked: unique symbol;
/**
 * Relative, `/`-separated, without `.`, `..` or empty components, and free of characters that some file system lacks.
 */
export type ArtifactPath = string & { readonly [checked]: true };

export interface Artifact {
  readonly path: ArtifactPath;
  readonly text: string;
  /** Permission bits; absent: 0o644. */
  readonly mode?: number;
}

// Windows takes these for something else, and control characters make a path unreadable everywhere.
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is the point
const FORBIDDEN = /[\x00-\x1f\x7f\\:*?"<>|]/;

/** @returns undefined when the text is not a path inside the output directory */
export function artifactPath(text: string): ArtifactPath | undefined {
  const parts = text.split('/');
  const inside = parts.every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 200);
  return inside && !FORBIDDEN.test(text) && text.length <= 400 ? (text as ArtifactPath) : undefined;
}
