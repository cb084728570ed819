// A labelled line of text.
import { useId, type InputHTMLAttributes } from 'react';

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string;
}

export function TextField({ label, hint, className = '', ...rest }: Props) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 flex items-baseline justify-between text-sm text-soft">
        {label}
        {hint && <span className="text-xs text-faint">{hint}</span>}
      </label>
      <input
        id={id}
        className="w-full rounded-xl border border-faint/75 bg-ink/60 px-4 py-3 text-text placeholder:text-faint aria-invalid:border-warn"
        {...rest}
      />
    </div>
  );
}
