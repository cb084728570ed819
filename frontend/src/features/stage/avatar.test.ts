// What stands for a person without a picture.
import { expect, it } from 'vitest';
import { hue, initials } from './avatar';

it.each([
  ['Ada Lovelace', 'AL'],
  ['grace', 'G'],
  ['Jean  de la Tour', 'JT'],
  ['Élise', 'É'],
  ['🎉', '?'],
  [undefined, '?'],
])('the initials of %s are %s', (name, letters) => {
  expect(initials(name)).toBe(letters);
});

it('gives a peer the same colour every time, and others another', () => {
  expect(hue('peer-1')).toBe(hue('peer-1'));
  expect(hue('peer-1')).not.toBe(hue('peer-2'));
});
