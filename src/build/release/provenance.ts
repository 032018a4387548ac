/** Where a release comes from, as an in-toto statement with SLSA's provenance predicate. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const sha256Of = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

interface Release {
  readonly subjects: readonly { readonly name: string; readonly sha256: string }[];
  readonly version: string;
  readonly commit: string;
  readonly lockSha256: string;
  /** Seconds since 1970. */
  readonly epoch: number;
}

/** in-toto Statement v1, SLSA provenance v1. Unsigned: the publisher signs it. */
export function statement({ subjects, version, commit, lockSha256, epoch }: Release): unknown {
  const time = new Date(epoch * 1000).toISOString();
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:dmaheap:release:v1',
        externalParameters: { version, command: 'npm ci && npm run release' },
        internalParameters: { node: process.versions.node.split('.')[0] },
        resolvedDependencies: [
          { name: 'source', digest: { gitCommit: commit } },
          { name: 'package-lock.json', digest: { sha256: lockSha256 } },
        ],
      },
      runDetails: {
        builder: { id: 'urn:dmaheap:builder:local' },
        metadata: { startedOn: time, finishedOn: time },
      },
    },
  };
}
