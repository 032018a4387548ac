/** dmaheap schema: the profile schema, for an editor. */
import profileSchema from '../../../schemas/profile.schema.json' with { type: 'json' };
import type { Context } from '../context.js';
import { declare } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';

export const command = declare({
  name: 'schema',
  about: 'print the JSON schema of profiles',
  examples: ['schema > profile.schema.json'],
  run: schema,
});

async function schema(context: Context): Promise<Exit> {
  context.printJson(profileSchema);
  return EXIT.good;
}
