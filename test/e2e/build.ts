/** Builds kernels of the lab into the cache: `npm run e2e:kernels -- [NAME...]`; prints the path of each image. */
import { buildKernel, hasTree, kernelNames, kernelRecipe } from './kernel.js';

const names = process.argv.slice(2);
for (const name of names.length ? names : await kernelNames()) {
  const recipe = await kernelRecipe(name);
  if (names.length === 0 && !hasTree(recipe)) {
    process.stderr.write(`${name}: not built, its source ${recipe.tree} is not in the cache\n`);
    continue;
  }
  const kernel = await buildKernel(recipe, (text) => process.stderr.write(`${text}\n`));
  process.stdout.write(`${name}\t${kernel.image}\n`);
}
