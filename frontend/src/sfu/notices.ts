// Sentences for the person that do not block anything.
import type { ObservableState } from '../observable-state';
import { isDisconnected } from '../signaling/signaling-error';
import type { SessionState } from './session-state';

export class Notices {
  readonly #state: ObservableState<SessionState>;
  #lastId = 0;

  constructor(state: ObservableState<SessionState>) {
    this.#state = state;
  }

  /** Says it, once: what is said already moves to the end. */
  say = (text: string): void => {
    const others = this.#state.getSnapshot().notices.filter((notice) => notice.text !== text);
    this.#lastId += 1;
    this.#state.update({ notices: [...others, { id: this.#lastId, text }] });
  };

  report = (error: unknown): void => {
    // The banner says that the connection is lost; coming back repairs what failed because of it.
    if (!isDisconnected(error)) this.say(sentence(error));
  };

  dismiss = (id: number): void => {
    this.#state.update({ notices: this.#state.getSnapshot().notices.filter((notice) => notice.id !== id) });
  };
}

export function sentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : 'Something went wrong. Try again.';
}
