// A button that opens a list of commands, as the ARIA Authoring Practices have it: arrows move, Escape and Tab close.
import { createContext, useContext, useEffect, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from 'react';
import { createPortal } from 'react-dom';

const WIDTH = 256;
const MARGIN = 8;

const CloseMenu = createContext<() => void>(() => undefined);

interface Props {
  label: string;
  /** What the button shows. */
  face: ReactNode;
  className: string;
  'data-testid': string;
  children: ReactNode;
}

export function Menu({ label, face, className, children, ...rest }: Props) {
  const [place, setPlace] = useState<DOMRect>();
  const button = useRef<HTMLButtonElement>(null);

  const close = () => {
    setPlace(undefined);
    button.current?.focus();
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={place !== undefined}
        title={label}
        className={className}
        onClick={() => setPlace(place ? undefined : button.current?.getBoundingClientRect())}
        {...rest}
      >
        {face}
      </button>
      {place &&
        // Outside of tiles, which cut off whatever is larger than they are.
        createPortal(
          <CloseMenu value={close}>
            <Panel label={label} place={place} button={button} onClose={close} onLeave={() => setPlace(undefined)}>
              {children}
            </Panel>
          </CloseMenu>,
          document.body,
        )}
    </>
  );
}

interface PanelProps {
  label: string;
  place: DOMRect;
  button: RefObject<HTMLButtonElement | null>;
  /** Closes and gives the focus back to the button. */
  onClose: () => void;
  /** Closes, the focus being elsewhere. */
  onLeave: () => void;
  children: ReactNode;
}

function Panel({ label, place, button, onClose, onLeave, children }: PanelProps) {
  const panel = useRef<HTMLDivElement>(null);

  useEffect(() => focusItem(panel.current, 0), []);

  useEffect(() => {
    const outside = ({ target }: Event) => {
      const inside = target instanceof Node && (panel.current?.contains(target) || button.current?.contains(target));
      if (!inside) onLeave();
    };
    document.addEventListener('pointerdown', outside);
    window.addEventListener('resize', onLeave);
    return () => {
      document.removeEventListener('pointerdown', outside);
      window.removeEventListener('resize', onLeave);
    };
  });

  const keyDown = (event: KeyboardEvent) => {
    const items = itemsOf(panel.current);
    const at = items.findIndex((item) => item === document.activeElement);
    const move = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Escape' || event.key === 'Tab') onClose();
    if (event.key !== 'Escape' && move === undefined) return;
    event.preventDefault();
    if (move !== undefined) focusItem(panel.current, (move + items.length) % items.length);
  };

  const below = place.bottom < window.innerHeight / 2;
  return (
    <div
      ref={panel}
      role="menu"
      aria-label={label}
      onKeyDown={keyDown}
      style={{
        width: WIDTH,
        maxHeight: (below ? window.innerHeight - place.bottom : place.top) - 6 - MARGIN,
        left: Math.max(MARGIN, Math.min(place.right, window.innerWidth - MARGIN) - WIDTH),
        ...(below ? { top: place.bottom + 6 } : { bottom: window.innerHeight - place.top + 6 }),
      }}
      className="animate-rise fixed z-40 overflow-y-auto rounded-2xl border border-line bg-panel p-1.5 text-sm shadow-2xl shadow-black/60"
    >
      {children}
    </div>
  );
}

interface ItemProps {
  onSelect: () => void;
  children: ReactNode;
  /** For one of several of which one holds. */
  checked?: boolean;
  disabled?: boolean;
  /** It cannot be taken back. */
  grave?: boolean;
  /** Another item takes its place, so the menu stays. */
  staysOpen?: boolean;
  /** What it does, where its content says less. */
  label?: string;
  'data-testid'?: string;
}

export function MenuItem({ onSelect, children, checked, disabled, grave = false, staysOpen = false, label, ...rest }: ItemProps) {
  const close = useContext(CloseMenu);
  return (
    <button
      type="button"
      role={checked === undefined ? 'menuitem' : 'menuitemradio'}
      aria-checked={checked}
      aria-label={label}
      tabIndex={-1}
      disabled={disabled}
      onClick={() => {
        if (!staysOpen) close();
        onSelect();
      }}
      className={`flex w-full items-center gap-2.5 rounded-xl px-3 py-2 text-left hover:bg-raised disabled:cursor-not-allowed disabled:opacity-45 ${grave ? 'text-live' : ''}`}
      {...rest}
    >
      {children}
    </button>
  );
}

/** Something to read in a menu, which does nothing. */
export function MenuText({ children, ...rest }: { children: ReactNode; 'data-testid'?: string }) {
  return (
    // Arrows pass it like any item, so that it is read out, too.
    <div role="menuitem" aria-disabled tabIndex={-1} className="flex items-center rounded-xl px-3 py-2" {...rest}>
      {children}
    </div>
  );
}

interface AskingItemProps {
  question: string;
  /** The button that does it. */
  answer: string;
  onConfirm: () => void;
  children: ReactNode;
  /** What it does, where its content says less; and then it looks like the others. */
  label?: string;
  'data-testid': string;
}

/** Asks once before it does what cannot be taken back. */
export function AskingItem({ question, answer, onConfirm, children, label, ...rest }: AskingItemProps) {
  const [asking, setAsking] = useState(false);
  const group = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (asking) focusItem(group.current, 0);
  }, [asking]);

  if (!asking) {
    return (
      <MenuItem grave={!label} label={label} staysOpen onSelect={() => setAsking(true)} {...rest}>
        {children}
      </MenuItem>
    );
  }
  return (
    <div ref={group} role="group" aria-label={question}>
      <p className="px-3 pt-2 pb-1 text-soft">{question}</p>
      <MenuItem grave onSelect={onConfirm} data-testid="confirm">
        {answer}
      </MenuItem>
      <MenuItem onSelect={() => undefined}>Cancel</MenuItem>
    </div>
  );
}

function itemsOf(element: HTMLElement | null): HTMLElement[] {
  return [...(element?.querySelectorAll<HTMLElement>('[role^="menuitem"]:not(:disabled)') ?? [])];
}

function focusItem(element: HTMLElement | null, at: number): void {
  itemsOf(element)[at]?.focus();
}
