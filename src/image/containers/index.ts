/** Files that say which devices a container gets. */
import type { SourceText } from '../../source/index.js';
import { readCompose } from './compose.js';
import { readLxc } from './lxc.js';
import { readQuadlet } from './quadlet.js';
import type { Container, ContainerFile } from './types.js';

export type * from './types.js';
export { LXC_RULE, SPELLINGS } from './types.js';
export { readQuadlet };

/** @returns undefined for a file of no kind that is known, which its content decides */
export function readContainerFile(source: SourceText): ContainerFile | undefined {
  const one = (kind: ContainerFile['kind'], found: Container | undefined): ContainerFile | undefined =>
    found === undefined ? undefined : { kind, containers: [found] };
  return readCompose(source) ?? one('quadlet', readQuadlet([source])) ?? one('lxc', readLxc(source));
}
