// What a person is told of a refusal: what is wrong and what to do. The server's own words are kept where they serve, and name
// rooms and limits; a few refusals that everybody may meet are said in the words of these pages.
import type { ErrorCode } from './generated';

const SENTENCES: Partial<Record<ErrorCode, string>> = {
  room_not_found: 'This room does not exist, or it has ended. Check the link, or create a new room on the start page.',
  room_locked: 'This room is locked: nobody new may join now. Ask a host to unlock it, and join again.',
  wrong_password: 'This room is protected by a password. Enter the one you were given.',
  token_required: 'This room is entered by a personal link only. Open the link you were sent.',
  invalid_token: 'This link is not valid, or not any more. Ask for a new one.',
  removed: 'A host removed you from this room.',
  ended_by_host: 'A host ended the call for everybody.',
  session_taken: 'You joined this room again from another tab or window. The call goes on there.',
  room_full: 'This room is full. Try again when somebody has left.',
};

export function refusal(code: ErrorCode, words: string): string {
  return SENTENCES[code] ?? asSentence(words);
}

/** A capital letter at the beginning, and a full stop at the end. */
export function asSentence(words: string): string {
  const text = words.trim();
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? '' : '.');
}
