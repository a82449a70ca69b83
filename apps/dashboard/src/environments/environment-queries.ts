'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { molo } from '../platform/client';
import { type Place, useFollowDeployment } from '../releases/release-queries';

function useReadAgain(app: string): () => void {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({ queryKey: ['app', app] });
    void queries.invalidateQueries({ queryKey: ['apps'] });
  };
}

export function useCreateEnvironment(app: string) {
  return useMutation({ mutationFn: (name: string) => molo.createEnvironment({ params: { app }, body: { name } }), onSuccess: useReadAgain(app) });
}

export function useRemoveEnvironment(place: Place) {
  return useMutation({ mutationFn: () => molo.removeEnvironment({ params: place }), onSuccess: useReadAgain(place.app) });
}

export function useProtect(place: Place, isProtected: boolean) {
  return useMutation({ mutationFn: () => molo.updateEnvironment({ params: place, body: { protected: isProtected } }), onSuccess: useReadAgain(place.app) });
}

export function usePromote(app: string, from: string) {
  const follow = useFollowDeployment(app);
  return useMutation({ mutationFn: (environment: string) => molo.promote({ params: { app, environment }, body: { from } }), onSuccess: follow });
}
