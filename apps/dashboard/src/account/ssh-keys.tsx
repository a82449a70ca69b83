'use client';

import { type FormEvent, useRef } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SshKey } from '@molo/contracts';
import { molo } from '../platform/client';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { QueryView } from '../platform/query-view';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Command } from '../ui/command';
import { Input, TextArea } from '../ui/field';
import { formText } from '../ui/form-text';
import { Given } from '../ui/given';
import { accountCommands } from './account-commands';

export function SshKeysSection() {
  const keys = useQuery({ queryKey: ['ssh-keys'], queryFn: ({ signal }) => molo.listSshKeys({ query: { limit: 200 } }, { signal }) });
  return (
    <Section title="SSH keys" hint="For git over SSH; it then asks for nothing.">
      <QueryView query={keys} what="the SSH keys">
        {({ items }) => (
          <Card className="overflow-hidden">
            <ul>
              {items.map((key) => (
                <KeyRow key={key.id} sshKey={key} />
              ))}
            </ul>
            <AddKeyForm />
          </Card>
        )}
      </QueryView>
      <Command text={accountCommands.sshKeys()} />
    </Section>
  );
}

function KeyRow({ sshKey }: { readonly sshKey: SshKey }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => molo.removeSshKey({ params: { keyId: sshKey.id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['ssh-keys'] }),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-5 gap-y-2 border-b border-line px-5 py-3">
      <div className="min-w-0 flex-1 basis-56">
        <p className="truncate font-medium"><Given text={sshKey.name} /></p>
        <p className="font-mono text-[0.78rem] break-all text-ink-faint">{sshKey.fingerprint}</p>
      </div>
      <span className="text-[0.87rem] text-ink-faint">
        {sshKey.type}, added <Ago at={sshKey.createdAt} />
      </span>
      <Button size="s" className="ml-auto" tone="quiet" busy={remove.isPending} onClick={() => remove.mutate()} aria-label={`Remove the key ${sshKey.name}`}>
        Remove
      </Button>
      {remove.isError && (
        <div className="w-full">
          <ProblemNotice error={remove.error} answers />
        </div>
      )}
    </li>
  );
}

function AddKeyForm() {
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const add = useMutation({
    mutationFn: (fields: FormData) => molo.addSshKey({ body: { name: formText(fields, 'name'), publicKey: formText(fields, 'publicKey').trim() } }),
    onSuccess: () => {
      form.current?.reset();
      return queries.invalidateQueries({ queryKey: ['ssh-keys'] });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    add.mutate(new FormData(event.currentTarget));
  };
  const errors = fieldErrors(add.error);
  return (
    <form ref={form} onSubmit={submit} className="flex flex-col gap-4 bg-sunken/50 px-5 py-4">
      {add.isError && <ProblemNotice error={add.error} answers />}
      <Input label="Name" name="name" required maxLength={100} placeholder="My laptop" autoComplete="off" error={sentence('It', errors.name)} />
      <TextArea
        label="Public key"
        name="publicKey"
        required
        rows={3}
        maxLength={16_384}
        className="font-mono text-[0.8rem]"
        placeholder="ssh-ed25519 AAAA… you@laptop"
        spellCheck={false}
        hint="The content of a .pub file. Never paste a private key here."
        error={sentence('It', errors.publicKey)}
      />
      <div className="flex justify-end">
        <Button type="submit" busy={add.isPending}>
          Add key
        </Button>
      </div>
    </form>
  );
}
