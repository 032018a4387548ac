import { createHash } from 'node:crypto';

/** Of a text in UTF-8; in lower-case hexadecimal. */
export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
