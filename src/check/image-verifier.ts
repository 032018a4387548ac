/** The verifier of a root file system: installed, for this machine, started at boot, and with its expectation. */
import type { Diagnostic } from '../diagnostic/index.js';
import type { Image } from '../image/index.js';
import type { Plan } from '../plan/types.js';
import { reportImage as report } from './image-codes.js';
import { textsIn } from './image-scripts.js';
import { type Services, startsVerifier } from './image-units.js';

/** e_machine of the architectures. */
const MACHINES: Readonly<Record<Plan['board']['arch'], number>> = { arm64: 183, arm: 40, riscv64: 243, x86_64: 62 };
const VERIFIERS = [
  'usr/bin',
  'usr/sbin',
  'bin',
  'sbin',
  'usr/local/bin',
  'usr/local/sbin',
  'vendor/bin',
  'system/bin',
].map((folder) => `${folder}/dmaheap-verify`);
export const EXPECTATION = 'etc/dmaheap/verify.expect';

export function checkVerifier(plan: Plan, image: Image, services: Services): Diagnostic[] {
  const program = VERIFIERS.find((path) => image.isFile(path));
  const found: Diagnostic[] = [];
  if (program === undefined)
    found.push(
      report('image/verifier', {
        message: 'the image has no dmaheap-verify',
        fix: 'install the package of the target you use',
      }),
    );
  else {
    const machine = image.machine(program);
    if (machine !== undefined && machine !== MACHINES[plan.board.arch])
      found.push(
        report('image/verifier-machine', {
          message: `/${program} is not for ${plan.board.arch}`,
          fix: "build it with the board's compiler: make -C native CC=...",
        }),
      );
    if (((image.find(program)?.entry.mode ?? 0) & 0o111) === 0)
      found.push(
        report('image/verifier', {
          message: `/${program} is not executable, so nothing can start it`,
          fix: `run chmod +x on it in the image`,
        }),
      );
    const starter =
      startsVerifier(services) ??
      textsIn(image, ['etc/init.d', 'etc/rc.d', 'etc/local.d', 'etc/init']).find(({ text }) =>
        text.includes('dmaheap-verify'),
      )?.file;
    if (starter === undefined)
      found.push(
        report('image/verifier-idle', {
          message: `the image does not start /${program}`,
          fix: 'install verify/dmaheap-verify.service, or run the verifier by hand after the first boot',
        }),
      );
  }
  if (!image.isFile(EXPECTATION))
    found.push(
      report('image/verifier', {
        message: `the image has no /${EXPECTATION}`,
        fix: 'install the generated verify/verify.expect',
      }),
    );
  return found;
}
