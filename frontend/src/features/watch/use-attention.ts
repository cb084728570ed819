// Whether the viewer is at the player's controls, and so whether they are to be seen: a moment after the viewer's last sign the
// picture belongs to the people in it.
import { useCallback, useEffect, useRef, useState, type FocusEvent, type PointerEvent, type RefObject } from 'react';
import type { PlayerState } from '../../hls/player-state';

/** How long after the viewer's last sign the controls stay. */
export const ATTENTIVE_MS = 2500;

/** While nothing moves there is something to decide, so the controls stay whatever the viewer does. */
export function controlsAreVisible({ phase, paused }: Pick<PlayerState, 'phase' | 'paused'>, attentive: boolean): boolean {
  return phase !== 'playing' || paused || attentive;
}

/** Follows the viewer of the player in `frame`. Who has just come is attentive until the picture has moved for a moment. */
export function useAttention(frame: RefObject<HTMLElement | null>, moves: boolean) {
  const [attentive, setAttentive] = useState(true);
  const timer = useRef<ReturnType<typeof setInterval>>(undefined);
  const pointer = useRef('');
  const focus = useRef<Element>(null);

  const forget = useCallback(() => {
    clearInterval(timer.current);
    setAttentive(false);
  }, []);

  const forgetLater = useCallback(() => {
    clearInterval(timer.current);
    timer.current = setInterval(() => {
      // Looked up each time, because a button that goes away tells of neither its focus nor its pointer.
      const focused = focus.current !== null && focus.current === document.activeElement;
      // What a finger has touched counts as hovered until it touches something else.
      const pointedAt = pointer.current !== 'touch' && frame.current?.querySelector('button:hover, input:hover');
      if (!focused && !pointedAt) forget();
    }, ATTENTIVE_MS);
  }, [frame, forget]);

  const notice = useCallback(() => {
    setAttentive(true);
    forgetLater();
  }, [forgetLater]);

  useEffect(() => {
    if (moves) forgetLater();
    return () => clearInterval(timer.current);
  }, [moves, forgetLater]);

  useEffect(() => {
    document.addEventListener('keydown', notice);
    return () => document.removeEventListener('keydown', notice);
  }, [notice]);

  return {
    attentive,
    /** For the element around picture and controls. */
    ofFrame: {
      onPointerDown: ({ pointerType }: PointerEvent) => {
        pointer.current = pointerType;
      },
      onPointerMove: ({ pointerType }: PointerEvent) => {
        pointer.current = pointerType;
        if (pointerType !== 'touch') notice();
      },
      onPointerLeave: ({ pointerType }: PointerEvent) => {
        if (pointerType !== 'touch') forget();
      },
      // A tap counts once it is over: shown earlier, a control would be pressed by the very tap that called it up.
      onClick: notice,
      onFocus: ({ target }: FocusEvent) => {
        // A control that was clicked has the focus too, but nobody looks for it there.
        focus.current = target.matches(':focus-visible') ? target : null;
        notice();
      },
    },
  };
}
