export function EntryTitle({ title, hint }: { readonly title: string; readonly hint: string }) {
  return (
    <div>
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      <p className="mt-1 text-ink-soft">{hint}</p>
    </div>
  );
}
