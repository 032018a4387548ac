import { buildTemplates } from '../src/build/templates.js';

/** Tests always see the templates as they are on disk. */
export default function setup(): void {
  buildTemplates();
}
