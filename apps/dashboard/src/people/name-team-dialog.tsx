'use client';

import { type FormEvent, useState } from 'react';
import type { Team } from '@molo/contracts';
import { molo } from '../platform/client';
import { fieldErrors, isProblem, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Input } from '../ui/field';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';

/** `team`: null to make one. */
export function NameTeamDialog({ team, onClose }: { readonly team: Team | null; readonly onClose: () => void }) {
  const [name, setName] = useState(team?.name ?? '');
  const save = usePeopleChange(() => (team === null ? molo.createTeam({ body: { name } }) : molo.updateTeam({ params: { team: team.name }, body: { name } })));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(undefined, { onSuccess: onClose });
  };
  const wrong = sentence('The name', fieldErrors(save.error).name) ?? (isProblem(save.error, 'already_exists') ? `There is a team ${name} already. Take another name.` : undefined);
  return (
    <Dialog title={team === null ? 'Create a team' : `Rename ${team.name}`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {save.isError && wrong === undefined && <ProblemNotice error={save.error} answers />}
        <Input
          label="Name"
          value={name}
          onChange={(event) => {
            setName(event.target.value);
            save.reset();
          }}
          error={wrong}
          autoFocus
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          hint="Lower-case letters, digits and hyphens."
        />
        {team !== null && <p className="text-[0.87rem] text-ink-faint">Its users and its roles on apps stay.</p>}
        <Command text={team === null ? peopleCommands.createTeam(name) : peopleCommands.renameTeam(team.name, name)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={save.isPending} disabled={name === team?.name}>
            {team === null ? 'Create' : 'Rename'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
