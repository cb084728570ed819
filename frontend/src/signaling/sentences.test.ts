// What a person is told of a refusal.
import { expect, it } from 'vitest';
import { asSentence, refusal } from './sentences';

it.each([
  ['the composer is away', 'The composer is away.'],
  ['The media worker died; join again.', 'The media worker died; join again.'],
  ['`a` is taken, is it not?', '`a` is taken, is it not?'],
])('the words "%s" become the sentence "%s"', (words, sentence) => {
  expect(asSentence(words)).toBe(sentence);
});

it('a room that is full or gone is said in the words of these pages, with what to do', () => {
  expect(refusal('room_full', 'room `k3v9` is full: 9 peers are in it')).toMatch(/^This room is full\. Try again/);
  expect(refusal('room_not_found', 'room `k3v9` does not exist')).toMatch(/Check the link, or create a new room/);
});

it('everything else is said in the words of the server', () => {
  expect(refusal('limit_reached', 'the server has its most rooms, 100; try again later')).toBe(
    'The server has its most rooms, 100; try again later.',
  );
});
