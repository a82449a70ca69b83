'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Robot, Team, User } from '@molo/contracts';
import { useMay, useMayAnywhere } from '../access/use-me';
import { molo } from '../platform/client';
import { allPages, usePages } from '../platform/pages';

/* All keys start with `people`: who is in a team decides on what they may do on an app, so that a change of one reads all again that is shown. */

export function useUsers() {
  return usePages<User>(['people', 'users'], (query, options) => molo.listUsers({ query }, options));
}

export function useTeams() {
  return usePages<Team>(['people', 'teams'], (query, options) => molo.listTeams({ query }, options));
}

export function useRobots() {
  return usePages<Robot>(['people', 'robots'], (query, options) => molo.listRobots({ query }, options));
}

/** To look through, for who may. */
export function useAllUsers() {
  return useQuery({ queryKey: ['people', 'all-users'], queryFn: ({ signal }) => allPages<User>((query, options) => molo.listUsers({ query }, options), signal), enabled: useMay('read') });
}

export function useAllTeams() {
  return useQuery({ queryKey: ['people', 'all-teams'], queryFn: ({ signal }) => allPages<Team>((query, options) => molo.listTeams({ query }, options), signal), enabled: useMay('read') });
}

export function useAllRobots() {
  return useQuery({ queryKey: ['people', 'all-robots'], queryFn: ({ signal }) => allPages<Robot>((query, options) => molo.listRobots({ query }, options), signal), enabled: useMayAnywhere('administer') });
}

/** A change of who may do what: all that is shown of people is read again, and what oneself may do. What it made, as a link that is shown once, waits for none of that and is kept no longer than it is shown. */
export function usePeopleChange<Given, Made>(change: (given: Given) => Promise<Made>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    gcTime: 0,
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['people'] });
      void queries.invalidateQueries({ queryKey: ['me'] });
    },
  });
}
