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

/** @returns undefined when the files are not a container image */
export async function readContainer(source: ImageSource, open: OpenLayer): Promise<ImageSource | undefined> {
  const files = new Image(source, '');
  const json = (path: string): unknown => {
    const bytes = files.bytes(path);
    try {
      return bytes === undefined ? undefined : JSON.parse(decoder.decode(bytes));
    } catch {
      throw new Refusal(`${path} of the container image is not JSON`, EXIT.environment, 'save the image again');
    }
  };
  const layers = files.isFile('oci-layout')
    ? ociLayers(json)
    : files.isFile('manifest.json')
      ? dockerLayers(json('manifest.json'))
      : undefined;
  if (layers === undefined) return undefined;
  const tree = new MemberTree();
  for (const path of layers) {
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
  return tree;
}

/** Layers of the first image that is not an attestation, lowest first. */
function ociLayers(json: (path: string) => unknown): string[] {
  let index = json('index.json') as { manifests?: readonly Descriptor[]; layers?: readonly Descriptor[] } | undefined;
  for (let depth = 0; index !== undefined && depth < 4; depth += 1) {
    if (index.layers !== undefined)
      return index.layers.flatMap(({ digest }) => (digest === undefined ? [] : [blobPath(digest)]));
    const chosen =
      index.manifests?.find(({ platform }) => platform?.architecture !== 'unknown') ?? index.manifests?.[0];
    if (chosen?.digest === undefined) break;
    index = json(blobPath(chosen.digest)) as typeof index;
  }
  throw new Refusal('the OCI layout names no image', EXIT.environment, 'save the image again');
}

function dockerLayers(manifest: unknown): string[] | undefined {
  const [first] = Array.isArray(manifest) ? (manifest as readonly { readonly Layers?: unknown }[]) : [];
  return Array.isArray(first?.Layers) ? first.Layers.filter((one) => typeof one === 'string') : undefined;
}
