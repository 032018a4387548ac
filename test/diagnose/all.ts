/** Every paste of these tests. */
import type { PasteCase } from './cases.js';
import { ACCESS_PASTES } from './pastes-access.js';
import { BESIDE_PASTES } from './pastes-beside.js';
import { BOARD_PASTES } from './pastes-boards.js';
import { BUFFER_PASTES } from './pastes-buffers.js';
import { CLAIM_PASTES } from './pastes-claims.js';
import { DRIVER_PASTES } from './pastes-drivers.js';
import { ELSEWHERE_PASTES } from './pastes-elsewhere.js';
import { EVIDENCE_PASTES } from './pastes-evidence.js';
import { FORUM_PASTES } from './pastes-forum.js';
import { KERNEL_PASTES } from './pastes-kernel.js';
import { LEAD_PASTES } from './pastes-leads.js';
import { MIXED_PASTES } from './pastes-mixed.js';
import { NAMESPACE_PASTES } from './pastes-namespaces.js';
import { NARROW_PASTES } from './pastes-narrow.js';
import { NEAR_PASTES } from './pastes-near.js';
import { PLAIN_PASTES } from './pastes-plain.js';
import { PREFIXED_PASTES } from './pastes-prefixed.js';
import { QUESTION_PASTES } from './pastes-questions.js';
import { REPORT_PASTES } from './pastes-reports.js';
import { TERSE_PASTES } from './pastes-terse.js';
import { TOOL_PASTES } from './pastes-tools.js';
import { VENDOR_PASTES } from './pastes-vendors.js';

export const all: readonly PasteCase[] = [
  ...KERNEL_PASTES,
  ...ACCESS_PASTES,
  ...BUFFER_PASTES,
  ...TERSE_PASTES,
  ...MIXED_PASTES,
  ...BOARD_PASTES,
  ...FORUM_PASTES,
  ...TOOL_PASTES,
  ...VENDOR_PASTES,
  ...PLAIN_PASTES,
  ...PREFIXED_PASTES,
  ...NAMESPACE_PASTES,
  ...NEAR_PASTES,
  ...EVIDENCE_PASTES,
  ...ELSEWHERE_PASTES,
  ...LEAD_PASTES,
  ...CLAIM_PASTES,
  ...NARROW_PASTES,
  ...REPORT_PASTES,
  ...QUESTION_PASTES,
  ...BESIDE_PASTES,
  ...DRIVER_PASTES,
];
