// Sentences that appear near the edge of the page, block nothing and go by themselves.
import { X } from 'lucide-react';
import { useEffect } from 'react';

export interface ToastText {
  id: number;
  text: string;
}

const SHOWN_MS = 9000;

interface Props {
  toasts: readonly ToastText[];
  onDismiss: (id: number) => void;
}

export function Toasts({ toasts, onDismiss }: Props) {
  return (
    <div aria-live="polite" className="pointer-events-none fixed inset-x-0 top-28 z-50 sm:top-16 flex flex-col items-center gap-2 px-4">
      {toasts.map((toast) => (
        <Toast key={toast.id} toast={toast} onDismiss={onDismiss} />
      ))}
    </div>
  );
}

function Toast({ toast, onDismiss }: { toast: ToastText; onDismiss: (id: number) => void }) {
  useEffect(() => {
    const timer = setTimeout(() => onDismiss(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast.id, onDismiss]);

  return (
    <div
      data-testid="toast"
      className="animate-rise pointer-events-auto flex w-full max-w-lg items-start gap-3 rounded-2xl border border-line bg-raised px-4 py-3 text-sm leading-relaxed shadow-2xl shadow-black/50"
    >
      <span aria-hidden className="mt-2 size-2 shrink-0 rounded-full bg-warn" />
      <p className="flex-1">{toast.text}</p>
      <button type="button" aria-label="Dismiss" className="-m-1 rounded-lg p-1 text-faint hover:text-text" onClick={() => onDismiss(toast.id)}>
        <X size={18} />
      </button>
    </div>
  );
}
