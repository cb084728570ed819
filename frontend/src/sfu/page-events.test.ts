// What the session is told of its page.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { followPage } from './page-events';

const session = { reconnect: vi.fn(), stepOut: vi.fn(), stepIn: vi.fn(), setWatching: vi.fn() };
followPage(() => session);

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
});

afterEach(() => vi.useRealTimers());

function look(hidden: boolean) {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

it('takes a page for unseen after ten seconds, and for seen at once', () => {
  look(true);
  vi.advanceTimersByTime(9999);
  look(false);
  vi.advanceTimersByTime(10_000);
  expect(session.setWatching.mock.calls).toEqual([[true]]);

  look(true);
  vi.advanceTimersByTime(10_000);
  expect(session.setWatching).toHaveBeenLastCalledWith(false);
});

it('reconnects when the network is back', () => {
  window.dispatchEvent(new Event('online'));
  expect(session.reconnect).toHaveBeenCalledTimes(1);
});

it('steps out when the page goes, and in again only when the same page comes back', () => {
  window.dispatchEvent(new Event('pagehide'));
  expect(session.stepOut).toHaveBeenCalledTimes(1);

  window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }));
  expect(session.stepIn).not.toHaveBeenCalled();
  window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  expect(session.stepIn).toHaveBeenCalledTimes(1);
});
