'use client';

import { type ChangeEvent, type FormEvent, useState } from 'react';
import type { AppRole, Robot, Role } from '@molo/contracts';
import { useMay, useMe } from '../access/use-me';
import { useApps } from '../apps/app-queries';
import { molo } from '../platform/client';
import { fieldErrors, isProblem, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { CreateTokenDialog } from '../tokens/create-token-dialog';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Input, SuggestInput } from '../ui/field';
import { RadioList } from '../ui/radio-list';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';
import { useRobotTokens } from './robot-tokens';
import { appRoles, roles } from './roles';

interface CreateRobotDialogProps {
  /** The app that it is to belong to; null to ask. */
  readonly app: string | null;
  readonly onClose: () => void;
}

export function CreateRobotDialog({ app, onClose }: CreateRobotDialogProps) {
  const [robot, setRobot] = useState<Robot>();
  // It can do nothing before it has a token.
  if (robot !== undefined) return <FirstTokenDialog robot={robot} onClose={onClose} />;
  return (
    <Dialog title={app === null ? 'Create a robot' : `Create a robot of ${app}`} onClose={onClose}>
      <RobotForm fixedApp={app} onCreated={setRobot} onClose={onClose} />
    </Dialog>
  );
}

function FirstTokenDialog({ robot, onClose }: { readonly robot: Robot; readonly onClose: () => void }) {
  return <CreateTokenDialog title={`${robot.name} is made. Its first token`} holder={useRobotTokens(robot)} onClose={onClose} />;
}

interface RobotFormProps {
  readonly fixedApp: string | null;
  readonly onCreated: (robot: Robot) => void;
  readonly onClose: () => void;
}

function RobotForm({ fixedApp, onCreated, onClose }: RobotFormProps) {
  const ofPlatform = useMay('administer');
  const [name, setName] = useState('');
  const [app, setApp] = useState(fixedApp ?? '');
  const [role, setRole] = useState<Role>('member');
  const [appRole, setAppRole] = useState<AppRole>('developer');
  const isOfApp = app !== '' || !ofPlatform;
  const create = usePeopleChange(() => (isOfApp ? molo.createAppRobot({ params: { app }, body: { name, role: appRole } }) : molo.createRobot({ body: { name, role } })));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(undefined, { onSuccess: onCreated });
  };
  // What was said of the name before is not said of this one.
  const changesName = (event: ChangeEvent<HTMLInputElement>) => {
    setName(event.target.value);
    create.reset();
  };
  const errors = fieldErrors(create.error);
  const wrongName = sentence('The name', errors.name) ?? (isProblem(create.error, 'already_exists') ? `There is a robot ${name} already. Take another name.` : undefined);
  const wrongApp = sentence('The app', errors.app);
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      {create.isError && wrongName === undefined && wrongApp === undefined && <ProblemNotice error={create.error} answers />}
      <Input label="Name" value={name} onChange={changesName} autoFocus autoComplete="off" maxLength={100} error={wrongName} hint="Of the program that signs in with it." />
      {fixedApp === null && <AppField app={app} onApp={setApp} ofPlatform={ofPlatform} error={wrongApp} />}
      {isOfApp ? <RadioList legend={app === '' ? 'Role on the app' : `Role on ${app}`} choices={appRoles} value={appRole} onChange={setAppRole} /> : <RadioList legend="Role on the platform" choices={roles} value={role} onChange={setRole} />}
      <Command text={peopleCommands.createRobot(name, isOfApp ? appRole : role, app)} />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" busy={create.isPending} disabled={isOfApp && app === ''}>
          Create
        </Button>
      </div>
    </form>
  );
}

interface AppFieldProps {
  readonly app: string;
  readonly onApp: (app: string) => void;
  readonly ofPlatform: boolean;
  readonly error: string | undefined;
}

function AppField({ app, onApp, ofPlatform, error }: AppFieldProps) {
  const mine = useMe().data?.apps ?? [];
  const all = useApps().data?.pages.flatMap(({ items }) => items) ?? [];
  const names = ofPlatform ? all.map(({ name }) => name) : mine.filter(({ rights }) => rights.includes('administer')).map(({ name }) => name);
  const hint = ofPlatform ? 'One of an app reaches nothing else, and its admins have it in hand. Empty: it belongs to the platform.' : 'It reaches nothing else, and the admins of the app have it in hand.';
  return <SuggestInput label="Of the app" value={app} onChange={(event) => onApp(event.target.value.trim())} suggestions={names.map((value) => ({ value }))} hint={hint} error={error} />;
}
