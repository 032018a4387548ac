/** Guests whose device nodes are managed by systemd's udev, by BusyBox mdev, or not at all. */
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';
import type { Case } from './case.js';
import type { GuestFiles } from './guest.js';
import type { Machine } from './machine.js';

const USERS = {
  'etc/passwd': `root:x:0:0::/:/bin/sh
camera:x:1001:1001::/:/bin/sh
stranger:x:1002:1002::/:/bin/sh
`,
  'etc/group': 'root:x:0:\nvideo:x:44:camera\ncamera:x:1001:\nstranger:x:1002:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\n',
};

const START: Readonly<Record<NonNullable<Case['devices']>, string>> = {
  udev: `/usr/bin/udevd --daemon --resolve-names=early 2>/dev/null
udevadm trigger --action=add --subsystem-match=dma_heap
udevadm settle --timeout=60
`,
  mdev: 'mdev -s\n',
  devtmpfs: '',
};

/** What became of the nodes, who can use them, and what the verifier makes of it. */
const SHOW = `cd /dev/dma_heap
for node in *; do
  if [ -L "$node" ]; then echo "link $node -> $(readlink "$node")"
  else echo "node $node $(stat -c '%a %U %G' "$node")"; fi
done
for user in camera stranger; do
  for node in *; do echo "$user $(su -s /bin/sh "$user" -c "allocate 65536 '$node'")"; done
done
cd /
dmaheap-verify --expect /etc/dmaheap/verify.expect --no-timing >/tmp/report
echo "verify $?"
`;

/** @param generated directory that \`dmaheap generate\` wrote */
export async function deviceGuest(
  machine: Machine,
  one: Pick<Case, 'devices' | 'script'>,
  generated: string,
): Promise<GuestFiles> {
  const devices = one.devices ?? 'devtmpfs';
  const expectation = await readFile(path.join(generated, 'verify/verify.expect'), 'utf8');
  const texts: Record<string, string> = { ...USERS, 'etc/dmaheap/verify.expect': expectation };
  const run = START[devices] + (one.script ?? SHOW);
  if (devices === 'mdev') texts['etc/mdev.conf'] = await readFile(path.join(generated, 'udev/mdev.conf'), 'utf8');
  if (devices !== 'udev') return { texts, run };
  const rules = 'usr/lib/udev/rules.d/70-dmaheap.rules';
  texts[rules] = await readFile(path.join(generated, 'udev/70-dmaheap.rules'), 'utf8');
  const root = await debianPackage('trixie', machine.debianArchitecture, 'udev', { withDependencies: true });
  const { files, links } = await programWithLibraries(root, 'usr/bin/udevadm');
  return { texts, run, files, links: { ...links, 'usr/bin/udevd': 'udevadm', 'bin/udevadm': '/usr/bin/udevadm' } };
}

/** A dynamic program of another architecture with its interpreter and every library it asks for. */
async function programWithLibraries(root: string, program: string) {
  const files: Record<string, string> = {};
  const links: Record<string, string> = {};
  const { stdout: found } = await execa('find', [root, '-name', '*.so*', '-printf', '%P\n']);
  const libraries = new Map(found.split('\n').map((file) => [path.basename(file), file]));
  const add = async (inside: string) => {
    if (files[inside]) return;
    files[inside] = await realpath(path.join(root, inside));
    const { stdout } = await execa('readelf', ['-d', '-l', files[inside]]);
    const interpreter = /program interpreter: \/(\S+)\]/.exec(stdout)?.[1];
    if (interpreter && !files[interpreter]) {
      const usual = libraries.get(path.basename(interpreter));
      if (usual) {
        await add(usual);
        if (usual !== interpreter) links[interpreter] = `/${usual}`;
      }
    }
    for (const [, name = ''] of stdout.matchAll(/\(NEEDED\).*\[(.+?)\]/g)) {
      const library = libraries.get(name);
      if (!library || !existsSync(path.join(root, library))) throw new Error(`lab: ${inside} needs ${name}`);
      await add(library);
    }
  };
  await add(program);
  return { files, links };
}
