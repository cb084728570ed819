// When the controls of a live picture are to be seen.
import { act, fireEvent, render, screen } from '@testing-library/react';
import { useRef } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PlayerPhase } from '../../hls/player-state';
import { ATTENTIVE_MS, controlsAreVisible, useAttention } from './use-attention';

describe('the controls', () => {
  it.each<[PlayerPhase, boolean, boolean, boolean]>([
    ['waiting', false, false, true],
    ['reconnecting', false, false, true],
    ['ended', false, false, true],
    ['playing', true, false, true],
    ['playing', false, true, true],
    ['playing', false, false, false],
  ])('of a picture that is %s (paused: %s), for a viewer who is attentive: %s, are visible: %s', (phase, paused, attentive, visible) => {
    expect(controlsAreVisible({ phase, paused }, attentive)).toBe(visible);
  });
});

function Player({ moves }: { moves: boolean }) {
  const frame = useRef<HTMLDivElement>(null);
  const { attentive, ofFrame } = useAttention(frame, moves);
  return (
    <>
      <div ref={frame} data-testid="frame" data-attentive={attentive} {...ofFrame}>
        <button type="button">Pause</button>
      </div>
      <button type="button">Elsewhere</button>
    </>
  );
}

describe('a viewer', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const frame = () => screen.getByTestId('frame');
  const isAttentive = () => frame().dataset['attentive'] === 'true';
  const pass = (ms: number) => {
    act(() => void vi.advanceTimersByTime(ms));
  };
  const tabTo = (name: string) => {
    fireEvent.keyDown(document.activeElement ?? document.body, { key: 'Tab' });
    act(() => screen.getByText(name).focus());
  };
  const mouse = { pointerType: 'mouse' };
  const finger = { pointerType: 'touch' };

  function renderIdle() {
    render(<Player moves />);
    pass(ATTENTIVE_MS);
    expect(isAttentive()).toBe(false);
  }

  it('who has just come is attentive until the picture has moved for a moment', () => {
    const { rerender } = render(<Player moves={false} />);
    pass(60_000);
    expect(isAttentive()).toBe(true);

    rerender(<Player moves />);
    pass(ATTENTIVE_MS - 1);
    expect(isAttentive()).toBe(true);
    pass(1);
    expect(isAttentive()).toBe(false);
  });

  it('is attentive for a moment after each movement of the pointer', () => {
    renderIdle();
    fireEvent.pointerMove(frame(), mouse);
    pass(ATTENTIVE_MS - 1);
    fireEvent.pointerMove(frame(), mouse);
    pass(ATTENTIVE_MS - 1);
    expect(isAttentive()).toBe(true);

    pass(1);
    expect(isAttentive()).toBe(false);
  });

  it('whose pointer leaves the picture is no longer attentive', () => {
    renderIdle();
    fireEvent.pointerMove(frame(), mouse);
    fireEvent.pointerLeave(frame(), mouse);

    expect(isAttentive()).toBe(false);
  });

  it('whose pointer rests on a control stays attentive', () => {
    renderIdle();
    fireEvent.pointerMove(frame(), mouse);
    fireEvent.mouseOver(screen.getByText('Pause'));
    pass(60_000);
    expect(isAttentive()).toBe(true);

    fireEvent.mouseOver(frame());
    pass(ATTENTIVE_MS);
    expect(isAttentive()).toBe(false);
  });

  it('who taps is attentive once the finger is lifted, and for a moment only', () => {
    renderIdle();
    fireEvent.pointerDown(frame(), finger);
    fireEvent.pointerMove(frame(), finger);
    fireEvent.pointerLeave(frame(), finger);
    expect(isAttentive()).toBe(false);

    fireEvent.click(frame());
    // Browsers leave what was tapped hovered.
    fireEvent.mouseOver(screen.getByText('Pause'));
    expect(isAttentive()).toBe(true);
    pass(ATTENTIVE_MS);
    expect(isAttentive()).toBe(false);
  });

  it('who presses a key is attentive for a moment, wherever the focus is', () => {
    renderIdle();
    fireEvent.keyDown(document.body, { key: 'm' });
    expect(isAttentive()).toBe(true);

    pass(ATTENTIVE_MS);
    expect(isAttentive()).toBe(false);
  });

  it('who has tabbed to a control stays attentive until the focus is elsewhere', () => {
    renderIdle();
    tabTo('Pause');
    pass(60_000);
    expect(isAttentive()).toBe(true);

    tabTo('Elsewhere');
    pass(ATTENTIVE_MS);
    expect(isAttentive()).toBe(false);
  });

  it('who has clicked a control is attentive for a moment after each key, though the focus is still there', () => {
    renderIdle();
    fireEvent.mouseDown(screen.getByText('Pause'));
    act(() => screen.getByText('Pause').focus());
    fireEvent.keyDown(screen.getByText('Pause'), { key: 'm' });
    pass(ATTENTIVE_MS);

    expect(isAttentive()).toBe(false);
  });

  it('does not stay attentive because a focused control went away', () => {
    renderIdle();
    tabTo('Pause');
    screen.getByText('Pause').remove();
    pass(ATTENTIVE_MS);

    expect(isAttentive()).toBe(false);
  });
});
