// Toasts of a page that has no session to keep them.
import { useCallback, useState } from 'react';
import type { ToastText } from '../components/toasts';

export function useToasts() {
  const [toasts, setToasts] = useState<readonly ToastText[]>([]);

  const show = useCallback((text: string) => {
    setToasts((shown) => [...shown.filter((toast) => toast.text !== text), { id: Date.now(), text }]);
  }, []);
  const dismiss = useCallback((id: number) => {
    setToasts((shown) => shown.filter((toast) => toast.id !== id));
  }, []);

  return { toasts, show, dismiss };
}
