// A quiet sign that something is being waited for.

export function Spinner({ label }: { label: string }) {
  return (
    <div role="status" className="flex flex-1 items-center justify-center gap-3 p-10 text-soft">
      <span aria-hidden className="size-5 animate-spin rounded-full border-2 border-line border-t-accent" />
      {label}
    </div>
  );
}
