// The person's name, remembered by this browser.
import { useCallback, useState } from 'react';

const KEY = 'displayName';

/** The server refuses longer names. */
export const DISPLAY_NAME_LENGTH = 64;

export function useDisplayName(): [string, (name: string) => void] {
  const [name, setName] = useState(() => localStorage.getItem(KEY) ?? '');
  const change = useCallback((changed: string) => {
    setName(changed);
    localStorage.setItem(KEY, changed);
  }, []);
  return [name, change];
}
