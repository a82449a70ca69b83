'use client';

import { useEffect, useSyncExternalStore } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { type ConnectionState, LiveConnection } from './live-connection';

/** Made at the first topic followed; socket.io is loaded then, after the page has its first data under way. */
export const live = new LiveConnection(async () => {
  const { io } = await import('socket.io-client');
  return io({ path: '/socket.io', transports: ['websocket', 'polling'], tryAllTransports: true, autoConnect: false, reconnectionDelay: 300, reconnectionDelayMax: 4_000 });
});

export function useConnectionState(): ConnectionState {
  return useSyncExternalStore(live.onState, live.readState, () => 'idle' as const);
}

/** Reads the apps again whenever one of them changed. */
export function useLiveApps(): void {
  const queries = useQueryClient();
  useEffect(() => live.follow({ topic: 'apps' }, { onChanged: () => void queries.invalidateQueries({ queryKey: ['apps'] }) }), [queries]);
}

/** Reads all that is shown of an app again whenever it changed. */
export function useLiveApp(app: string): void {
  const queries = useQueryClient();
  useEffect(() => live.follow({ topic: 'app', app }, { onChanged: () => void queries.invalidateQueries({ queryKey: ['app', app] }) }), [queries, app]);
}
