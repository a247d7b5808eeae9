// What the views say in words and numbers, and how a text from anywhere is made visible.

/** A stretch of text as it stands, or a character that a reader would not see. */
export type Piece = string | { readonly mark: string; readonly code: string };

// C0 and C1 but tab and line feed; soft hyphen; marks of direction; zero width; fillers; variation selectors; tags.
// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN =
  /[\0-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/v;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: they are what is looked for
// Emoji are made with joiners, variation selectors and tags; in some scripts the two joiners are spelling.
const EMOJI = /\p{RGI_Emoji}[\ufe0e\ufe0f]?|\p{Emoji}[\ufe0e\ufe0f]/v;
const JOINER =
  /(?<=[\p{L}\p{M}])[\u200c\u200d](?=[\p{sc=Arab}\p{sc=Syrc}\p{sc=Deva}\p{sc=Beng}\p{sc=Guru}\p{sc=Gujr}\p{sc=Orya}\p{sc=Taml}\p{sc=Telu}\p{sc=Knda}\p{sc=Mlym}\p{sc=Sinh}\p{sc=Khmr}])/v;
const FOUND = new RegExp(`${EMOJI.source}|${JOINER.source}|(${UNSEEN.source})`, 'gv');

const NAMES: Readonly<Record<string, string>> = {
  '\0': 'NUL',
  '\u0007': 'BEL',
  '\b': 'BS',
  '\r': 'CR',
  '\u001b': 'ESC',
  '\u007f': 'DEL',
  '\u009b': 'CSI',
  '\u00ad': 'SHY',
  '\u061c': 'ALM',
  '\u200b': 'ZWSP',
  '\u200c': 'ZWNJ',
  '\u200d': 'ZWJ',
  '\u200e': 'LRM',
  '\u200f': 'RLM',
  '\u2028': 'LS',
  '\u2029': 'PS',
  '\u202a': 'LRE',
  '\u202b': 'RLE',
  '\u202c': 'PDF',
  '\u202d': 'LRO',
  '\u202e': 'RLO',
  '\u2060': 'WJ',
  '\u2066': 'LRI',
  '\u2067': 'RLI',
  '\u2068': 'FSI',
  '\u2069': 'PDI',
  '\ufeff': 'BOM',
};

/** Cuts a text into what can be shown as it is and the characters that have to be named. */
export function toPieces(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let shown = 0;
  for (const { index, 1: unseen } of text.matchAll(FOUND)) {
    if (unseen === undefined) continue;
    if (index > shown) pieces.push(text.slice(shown, index));
    pieces.push(toMark(unseen));
    shown = index + unseen.length;
  }
  if (shown < text.length) pieces.push(text.slice(shown));
  return pieces;
}

function toMark(character: string): Exclude<Piece, string> {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return { mark: NAMES[character] ?? code, code };
}

/** The same for a title, where there are no elements. */
export function toPlainText(text: string): string {
  return toPieces(text)
    .map((piece) => (typeof piece === 'string' ? piece : `[${piece.mark}]`))
    .join('');
}

/** `1 call`, `3,120 calls`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

const COUNTS = new Intl.NumberFormat('en-US');

export function formatCount(count: number): string {
  return COUNTS.format(count);
}

/** `0.05 s`, `4.2 s`, `3 min`, `2 h`, `4 d`: two places at most, never a jump in width of more than one. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return formatSpan(ms);
}

/** The same in whole units, for what counts up or down. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const SHORT_CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

export const formatClock = (ms: number) => CLOCK.format(ms);
export const formatShortClock = (ms: number) => SHORT_CLOCK.format(ms);
export const formatDay = (ms: number) => DAY.format(ms);
export const formatMoment = (ms: number) => `${formatDay(ms)}, ${formatClock(ms)}`;

/** A version is the moment at which its fetch began, and people tell moments apart better than long numbers. */
export function formatVersion(version: number): string {
  const isToday = formatDay(version) === formatDay(Date.now());
  return `version ${isToday ? formatClock(version) : formatMoment(version)}`;
}
