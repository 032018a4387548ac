/** Sentences that report nothing that was seen: they ask whether, quote a page, or say that a fault is not there. */

const SENTENCE = /[^.!?。？！]+(?:[.!?。？！]+(?=\s|$|["')])|[.!?](?=\S)|$)|[.!?。？！]+/gu;

/** A question that a yes or a general rule answers; one that asks why, or whether that is normal, reports what happens. */
const ASKS =
  /^\W*(?:(?:so|and|but|or|also|hi|hello|now|then|ok|maybe|please),?\s+)*(?:do|does|is|are|can|could|will|would|should|may|might|must|which|who|where|what (?:happens|would|will|does|is|if)|how (?:do|does|can|could|would|should|large|big|much|many))\b.*[?？]\s*$/i;
const PRESUMES = /\bwhy\b|\bnormal\b|\breason\b|\bhow (?:is|can) it\b|\bstill\b/i;
const IS_QUOTED =
  /^\W*(?:(?:the|our|your|kernel|official)\s+){0,2}(?:docs?|documentation|manuals?|wiki|README|articles?|guides?|tutorials?|man ?pages?|forums?|blog)\b.{0,40}\b(?:says?|states?|reads?|claims?|writes?|lists?|warns?)\b|\b(?:from|in) the (?:docs?|documentation|manual|wiki|README)\b|\bI (?:have )?(?:read|heard) (?:that|about|of)\b|\b(?:people|some(?:body|one)|others|they|users)\b.{0,20}\b(?:say|says|said|claim\w*|report\w*|suggest\w*|recommend\w*)\b|\bif (?:you|one|some(?:body|one)) \b|\b(?:for )?example (?:from|of|in)\b/i;
const FAULT = String.raw`(?:leak\w*|corrupt\w*|stripes?|artefacts?|artifacts?|glitch\w*|errors?|faults?|problems?|issues?|bugs?|mismatch\w*|old data|failures?)`;
const DENIES = new RegExp(
  String.raw`\b(?:no|without|zero|neither|nor|not any)\s+(?:\w+\s+){0,2}${FAULT}\b|\b${FAULT}\b.{0,30}\b(?:gone|fixed|solved|resolved|cured|disappeared|does not (?:occur|happen)|went away)\b|\b(?:fixes|fixed|solves|solved) (?:the|this|my|our)\b`,
  'i',
);

/** @returns the line without such sentences */
export const observed = (line: string): string =>
  (line.match(SENTENCE) ?? [line])
    .filter((one) => !((ASKS.test(one) && !PRESUMES.test(one)) || IS_QUOTED.test(one) || DENIES.test(one)))
    .join('');
