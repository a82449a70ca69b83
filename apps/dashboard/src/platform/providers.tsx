'use client';

import { type ReactNode, useState } from 'react';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { AppError, type ProblemCode } from '@molo/contracts';

const asksWhoIsSignedIn: ReadonlySet<string> = new Set(['not_signed_in', 'forbidden', 'not_found'] satisfies ProblemCode[]);

/** The client tries again by itself where that may help, and the socket tells what changed. */
function makeQueryClient(): QueryClient {
  // A session may end while a page is open, and a role be taken away: who is signed in is then asked again, and signing in shown, or no more offered than they may do. An app on which one has no role any more is not found.
  const onError = (error: Error) => {
    if (error instanceof AppError && asksWhoIsSignedIn.has(error.code)) void client.invalidateQueries({ queryKey: ['me'] });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: (error, query) => query.queryKey[0] !== 'me' && onError(error) }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        networkMode: 'always',
        // The client asks again by itself where that may help.
        retry: false,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
  return client;
}

export function Providers({ children }: { readonly children: ReactNode }) {
  const [queryClient] = useState(makeQueryClient);
  return <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>;
}
