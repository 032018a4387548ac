/** Container images: an OCI layout or what `docker save` writes, as a directory or a tar archive. */
import { Image, type ImageSource, MemberTree } from '../../image/index.js';
import { EXIT } from '../exit.js';
import { Refusal } from '../refusal.js';

/** Opens a layer, which may be compressed. */
export type OpenLayer = (bytes: Uint8Array) => Promise<MemberTree | undefined>;

interface Descriptor {
  readonly mediaType?: string;
  readonly digest?: string;
  readonly platform?: { readonly architecture?: string };
}

const decoder = new TextDecoder();
const blobPath = (digest: string) => `blobs/${digest.replace(':', '/')}`;

export interface ContainerImage {
  readonly source: ImageSource;
  /** USER of its configuration; empty: root. */
  readonly user: string;
}

interface Contents {
  readonly layers: readonly string[];
  readonly config: string | undefined;
}

/** @returns undefined when the files are not a container image */
export async function readContainer(source: ImageSource, open: OpenLayer): Promise<ContainerImage | undefined> {
  const files = new Image(source, '');
  const json = (path: string): unknown => {
    const bytes = files.bytes(path);
    try {
      return bytes === undefined ? undefined : JSON.parse(decoder.decode(bytes));
    } catch {
      throw new Refusal(`${path} of the container image is not JSON`, EXIT.environment, 'save the image again');
    }
  };
  const contents = files.isFile('oci-layout')
    ? ociContents(json)
    : files.isFile('manifest.json')
      ? dockerContents(json('manifest.json'))
      : undefined;
  if (contents === undefined) return undefined;
  const tree = new MemberTree();
  for (const path of contents.layers) {
    const bytes = files.bytes(path);
    const layer = bytes === undefined ? undefined : await open(bytes);
    if (layer === undefined)
      throw new Refusal(
        `the container image lacks the layer ${path}, or it is not a tar archive`,
        EXIT.environment,
        'save the image again',
      );
    tree.overlay(layer);
  }
  const config = contents.config === undefined ? undefined : (json(contents.config) as { config?: { User?: unknown } });
  const user = config?.config?.User;
  return { source: tree, user: typeof user === 'string' ? user : '' };
}

interface Index {
  readonly manifests?: readonly Descriptor[];
  readonly layers?: readonly Descriptor[];
  readonly config?: Descriptor;
}

/** Layers of the first image that is not an attestation, lowest first. */
function ociContents(json: (path: string) => unknown): Contents {
  let index = json('index.json') as Index | undefined;
  for (let depth = 0; index !== undefined && depth < 4; depth += 1) {
    const paths = (list: readonly (Descriptor | undefined)[]) =>
      list.flatMap((one) => (one?.digest === undefined ? [] : [blobPath(one.digest)]));
    if (index.layers !== undefined) return { layers: paths(index.layers), config: paths([index.config])[0] };
    const chosen =
      index.manifests?.find(({ platform }) => platform?.architecture !== 'unknown') ?? index.manifests?.[0];
    if (chosen?.digest === undefined) break;
    index = json(blobPath(chosen.digest)) as typeof index;
  }
  throw new Refusal('the OCI layout names no image', EXIT.environment, 'save the image again');
}

function dockerContents(manifest: unknown): Contents | undefined {
  const [first] = Array.isArray(manifest)
    ? (manifest as readonly { readonly Layers?: unknown; readonly Config?: unknown }[])
    : [];
  if (!Array.isArray(first?.Layers)) return undefined;
  const layers = first.Layers.filter((one) => typeof one === 'string');
  return { layers, config: typeof first.Config === 'string' ? first.Config : undefined };
}
