import { buildDiagnoses } from '../src/build/diagnoses.js';
import { buildTemplates } from '../src/build/templates.js';

/** Tests always see the templates and the catalogue as they are on disk. */
export default function setup(): void {
  buildTemplates();
  buildDiagnoses();
}
