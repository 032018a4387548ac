/** dmaheap schema: the profile schema, for an editor. */
import profileSchema from '../../../schemas/profile.schema.json' with { type: 'json' };
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';

export async function schema(context: Context): Promise<Exit> {
  context.printJson(profileSchema);
  return EXIT.good;
}
