// Shows or plays one media track in an element.
import { useEffect, useRef, type RefObject } from 'react';

export function useTrack<E extends HTMLMediaElement>(
  track: MediaStreamTrack | undefined,
  onAttached?: () => void,
): RefObject<E | null> {
  const element = useRef<E>(null);
  const attached = useRef(onAttached);

  useEffect(() => {
    attached.current = onAttached;
  });

  useEffect(() => {
    const target = element.current;
    if (!target || !track) return;
    target.srcObject = new MediaStream([track]);
    attached.current?.();
    return () => {
      target.srcObject = null;
    };
  }, [track]);

  return element;
}
