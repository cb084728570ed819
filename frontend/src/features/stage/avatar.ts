// What stands for a person without a picture: initials, on a colour that stays the same for the whole call.

/** Letters of the first and last word of a name. */
export function initials(displayName: string | undefined): string {
  const words = (displayName ?? '').trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => /[\p{L}\p{N}]/u.exec(word ?? '')?.[0] ?? '').join('').toUpperCase() || '?';
}

/** A hue from 0 to 359, the same for the same peer on every screen. */
export function hue(peerId: string): number {
  let hash = 2166136261;
  for (const character of peerId) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
  return (hash >>> 0) % 360;
}
