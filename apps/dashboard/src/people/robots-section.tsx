'use client';

import { useState } from 'react';
import Link from 'next/link';
import type { Robot } from '@molo/contracts';
import { Bot } from 'lucide-react';
import { PagedList } from '../platform/paged-list';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { Section } from '../ui/card';
import { Chip } from '../ui/chip';
import { Command } from '../ui/command';
import { Given } from '../ui/given';
import { Empty } from '../ui/notice';
import { CreateRobotDialog } from './create-robot-dialog';
import { peopleCommands } from './people-commands';
import { useRobots } from './people-queries';
import { RobotMenu } from './robot-menu';

export function RobotsSection() {
  const robots = useRobots();
  const [creating, setCreating] = useState(false);
  return (
    <Section
      title="Robots"
      hint="Users for programs, with API tokens and without a password."
      actions={
        <Button size="s" tone="primary" onClick={() => setCreating(true)}>
          Create robot
        </Button>
      }
    >
      <PagedList query={robots} what="the robots" more="Show more robots" empty={<Empty title="No robot yet">A pipeline that deploys, or a monitor that reads, signs in as a robot, and goes on when people leave.</Empty>} row={(robot) => <RobotRow key={robot.id} robot={robot} />} />
      <Command text={peopleCommands.robots()} />
      {creating && <CreateRobotDialog app={null} onClose={() => setCreating(false)} />}
    </Section>
  );
}

function RobotRow({ robot }: { readonly robot: Robot }) {
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-5 gap-y-2 border-b border-line px-5 py-3 last:border-0 md:grid-cols-[minmax(0,1fr)_minmax(0,16rem)_9rem_2rem]">
      <p className="flex min-w-0 items-center gap-2.5 font-medium">
        <Bot aria-hidden className="size-5 shrink-0 text-ink-faint" />
        <span className="truncate"><Given text={robot.name} /></span>
      </p>
      <div className="order-last col-span-full flex flex-wrap items-center gap-x-4 gap-y-1.5 md:order-none md:contents">
        <span className="min-w-0 text-[0.93rem] text-ink-soft">
          {robot.app === null ? (
            <span className="flex items-center gap-2">of the platform <Chip tone={robot.role === 'sysadmin' ? 'busy' : 'quiet'}>{robot.role}</Chip></span>
          ) : (
            <>
              of{' '}
              <Link href={`/apps/${robot.app}?view=people`} className="rounded text-harbour hover:underline">
                {robot.app}
              </Link>
            </>
          )}
        </span>
        <span className="text-[0.87rem] text-ink-faint">made <Ago at={robot.createdAt} /></span>
      </div>
      <RobotMenu robot={robot} />
    </li>
  );
}
