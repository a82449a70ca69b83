'use client';

import { useEffect, useState, useSyncExternalStore } from 'react';
import { CloudOff, LoaderCircle } from 'lucide-react';
import { useConnectionState } from '../live/use-live';

/** A short break heals unseen. */
const showAfterMs = 1_500;

function onNetwork(listener: () => void): () => void {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
}

/** Says when what the page shows may be behind, and that it catches up by itself. */
export function ConnectionBanner() {
  const state = useConnectionState();
  const online = useSyncExternalStore(onNetwork, () => navigator.onLine, () => true);
  const [lasting, setLasting] = useState(false);
  const broken = state === 'reconnecting' || !online;
  useEffect(() => {
    if (!broken) {
      setLasting(false);
      return undefined;
    }
    const timer = setTimeout(() => setLasting(true), online ? showAfterMs : 0);
    return () => clearTimeout(timer);
  }, [broken, online]);
  return (
    <div role="status" aria-live="polite">
      {lasting && (
        <p className="flex items-center justify-center gap-2 border-b border-warn/30 bg-warn-soft px-4 py-2 text-[0.9rem] text-warn">
          {online ? <LoaderCircle aria-hidden className="size-4 animate-spin" /> : <CloudOff aria-hidden className="size-4" />}
          {online
            ? 'Reconnecting to the platform. Your apps go on serving; this page catches up by itself, with nothing lost.'
            : 'This device is offline. The page catches up by itself when it is back.'}
        </p>
      )}
    </div>
  );
}
