/** Writing other people's languages: the only place that writes a quote character. */
export { type At, type Cell, type Kind, type KindValues, type Leaf, LeafValue, leaf, type Option } from './kinds.js';
export { LANGUAGES, type Language, Text } from './text.js';
export { commentLines, hasKind, LANG_CODES, write } from './write.js';
