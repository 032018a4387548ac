/** Builds kernels of the lab into the cache: `npm run e2e:kernels -- [NAME...]`; prints the path of each image. */
import { buildKernel, kernelNames, kernelRecipe } from './kernel.js';

const names = process.argv.slice(2);
for (const name of names.length ? names : await kernelNames()) {
  const kernel = await buildKernel(await kernelRecipe(name), (text) => process.stderr.write(`${text}\n`));
  process.stdout.write(`${name}\t${kernel.image}\n`);
}
