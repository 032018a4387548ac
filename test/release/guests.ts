/** The verifiers of a release on Debian's stock kernels, one of each architecture. None of them has an area of CMA heaps. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { VERSION } from '../../src/cli/version.js';
import type { VerifyReport } from '../../src/verify/index.js';
import { initramfs } from '../e2e/guest.js';
import { baseDtb, runGuest } from '../e2e/qemu.js';
import { guestKernel } from '../native/kernels.js';
import type { Release } from './reproduce.js';

const ARCHITECTURES = { amd64: 'x86_64', arm64: 'aarch64', armhf: 'armhf', riscv64: 'riscv64' } as const;

const RUN = `
mkdir -p /boot /root
cp /kernel.config /boot/config-$(uname -r)
echo "@@VERSION $(dmaheap-verify --version)"
dmaheap-verify --json --no-timing; status=$?; echo; echo "@@EXIT $status"
dmaheap-verify --catalogue >/catalogue; echo "@@CATALOGUE $? $(grep -c . /catalogue)"
`;

async function boot(debian: keyof typeof ARCHITECTURES, { directory }: Release): Promise<void> {
  const kernel = await guestKernel(`debian-${debian}`);
  const { machine } = kernel;
  const program = path.join(directory, `dmaheap-verify-${VERSION}-${ARCHITECTURES[debian]}`);
  const files = { 'bin/dmaheap-verify': program, 'kernel.config': kernel.config };
  const { console: output, ending } = await runGuest({
    machine,
    image: kernel.image,
    initrd: await initramfs(machine, { files, run: RUN }),
    dtb: await baseDtb({ machine, memoryMiB: 512 }),
    memoryMiB: 512,
    cmdline: '',
    silenceSeconds: 400,
  });
  const at = `${debian} (${ending}): ${output.slice(-2000)}`;
  assert.match(output, new RegExp(`@@VERSION .*${VERSION.replaceAll('.', '\\.')}`), at);
  const json = /^\{"schemaVersion".*?^\],"incomplete":.*?\],"summary":.*?\}\}$/ms.exec(output)?.[0];
  assert.ok(json !== undefined, at);
  const report = JSON.parse(json) as VerifyReport;
  const ajv = new Ajv2020({ allowUnionTypes: true });
  const isReport = ajv.compile(JSON.parse(readFileSync('schemas/report.schema.json', 'utf8')));
  assert.ok(isReport(report), `${debian}: ${ajv.errorsText(isReport.errors)}`);
  assert.equal(report.results.length, report.planned, debian);
  // Without a heap there is nothing to test; with the system heap it passes.
  const heaps = /^CONFIG_DMABUF_HEAPS_SYSTEM=y$/m.test(readFileSync(kernel.config, 'utf8'));
  assert.match(output, new RegExp(`@@EXIT ${heaps ? 0 : 4}\\b`), at);
  assert.match(output, /@@CATALOGUE 0 [1-9]\d+/, at);
}

export async function testVerifiers(release: Release): Promise<void> {
  const waiting = (Object.keys(ARCHITECTURES) as (keyof typeof ARCHITECTURES)[]).values();
  const worker = async () => {
    for (const debian of waiting) await boot(debian, release);
  };
  await Promise.all([worker(), worker()]);
}
