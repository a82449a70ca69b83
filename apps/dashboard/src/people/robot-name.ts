'use client';

import type { Robot } from '@molo/contracts';
import { useAllRobots } from './people-queries';

type Named = Pick<Robot, 'id' | 'name'>;

/** How a robot is named in a command, which takes a name that one robot alone has, and any id: by its id until all robots are known. */
export function robotName({ id, name }: Named, robots: readonly Named[] | undefined): string {
  const isOnly = robots?.every((other) => other.id === id || other.name.toLowerCase() !== name.toLowerCase()) ?? false;
  // What begins so is taken for an option.
  return isOnly && !name.startsWith('-') ? name : id;
}

export function useRobotName(robot: Named): string {
  return robotName(robot, useAllRobots().data);
}
