// How much room an element has inside, now and after every change.
import { useCallback, useState } from 'react';

interface Size {
  width: number;
  height: number;
}

/** A ref for the element, and its size once it is known. */
export function useSize(): [(element: HTMLElement) => () => void, Size | undefined] {
  const [size, setSize] = useState<Size>();
  const measure = useCallback((element: HTMLElement) => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [measure, size];
}
