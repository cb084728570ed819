// Reads what a person pastes to get into a room: a link to a room, a link to its broadcast, or a bare room id.

const ROOM_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The path inside this site, or undefined when the text is neither a link nor an id. */
export function pathFromAddress(text: string): string | undefined {
  const address = text.trim();
  if (ROOM_ID.test(address)) return `/room/${address}`;
  const [, page, roomId] = /\/(room|watch)\/([^/?#\s]+)/.exec(address) ?? [];
  return page && roomId && ROOM_ID.test(roomId) ? `/${page}/${roomId}` : undefined;
}
