'use client';

import { useMutation } from '@tanstack/react-query';
import { molo } from '../platform/client';
import { type Place, useFollowDeployment } from '../releases/release-queries';

interface ConfigChange {
  readonly set?: Record<string, string>;
  readonly unset?: string[];
  readonly secret?: boolean;
}

/** Where a release is live the change is deployed at once, and its deployment shown. */
export function useUpdateConfig(place: Place, onDone: () => void) {
  const follow = useFollowDeployment(place.app);
  return useMutation({
    mutationFn: (body: ConfigChange) => molo.updateConfig({ params: place, body }),
    onSuccess: ({ deployment }) => {
      follow(deployment);
      onDone();
    },
  });
}
