// Copies a link and says so for a moment.
import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { Button } from './button';

const CONFIRMED_MS = 2000;

interface Props {
  text: string;
  children: ReactNode;
  title: string;
  'data-testid'?: string;
}

export function CopyButton({ text, children, ...rest }: Props) {
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), CONFIRMED_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // No clipboard on plain http, or the browser refused: the person can still copy by hand.
      window.prompt('Copy this link', text);
    }
  };

  return (
    <Button look="small" onClick={() => void copy()} {...rest}>
      {copied ? <Check size={16} className="text-calm" aria-hidden /> : <Copy size={16} aria-hidden />}
      {/* One upon the other, so that the buttons beside this one stay where they are. */}
      <span className="grid text-left *:col-start-1 *:row-start-1">
        <span className={copied ? 'invisible' : ''}>{children}</span>
        <span aria-hidden className={copied ? '' : 'invisible'}>
          Copied
        </span>
      </span>
      <span role="status" className="sr-only">
        {copied && 'Copied'}
      </span>
    </Button>
  );
}
