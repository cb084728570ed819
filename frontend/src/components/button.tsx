// The buttons of every page.
import type { ButtonHTMLAttributes } from 'react';

const BASE =
  'inline-flex items-center justify-center gap-2 rounded-xl font-medium transition-colors disabled:opacity-50 disabled:cursor-not-allowed';

const LOOKS = {
  primary: 'bg-accent text-ink hover:bg-accent-strong px-5 py-3',
  quiet: 'bg-raised text-text hover:bg-line px-5 py-3',
  small: 'bg-raised/80 text-text hover:bg-line px-3 py-2 text-sm',
};

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: keyof typeof LOOKS;
}

export function Button({ look = 'quiet', className = '', type = 'button', ...rest }: Props) {
  return <button type={type} className={`${BASE} ${LOOKS[look]} ${className}`} {...rest} />;
}
