import Link from 'next/link';
import { buttonClasses } from '../ui/button';
import { Mark } from '../ui/mark';

export default function NotFound() {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col items-start justify-center gap-4 px-6">
      <Mark size={40} />
      <h1 className="text-2xl font-semibold tracking-tight">Nothing lies here</h1>
      <p className="text-ink-soft">The address leads to no page of this platform. It may have moved, or been mistyped.</p>
      <Link href="/" className={buttonClasses('primary')}>
        Back to the apps
      </Link>
    </main>
  );
}
