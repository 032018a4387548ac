/** `npm run new-target -- NAME`: a working skeleton of a target, picked up by every suite without editing one. */
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTemplates } from './templates.js';

const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url));

const [name] = process.argv.slice(2);
if (name === undefined || !/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
  console.error('usage: npm run new-target -- NAME   (lower-case letters, digits and -)');
  process.exitCode = 2;
} else if (existsSync(path.join(TEMPLATES, name))) {
  console.error(`templates/${name} is there already`);
  process.exitCode = 1;
} else {
  cpSync(path.join(TEMPLATES, '_template'), path.join(TEMPLATES, name), { recursive: true });
  buildTemplates();
  console.log(
    `templates/${name}: fill in target.json and README.md.markdown.hbs, add OUTPUT.LANGUAGE.hbs files, then\n` +
      'npx vitest run -u --config test/vitest.config.ts test/golden',
  );
}
