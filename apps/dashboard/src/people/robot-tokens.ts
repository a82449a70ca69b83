'use client';

import type { Robot } from '@molo/contracts';
import { molo } from '../platform/client';
import type { TokenHolder } from '../tokens/token-holder';
import { peopleCommands } from './people-commands';
import { useRobotName } from './robot-name';

/** A token only bounds what the robot may do by its roles, so that any right may be given. One of an app reaches that app alone. */
export function useRobotTokens(robot: Robot): TokenHolder {
  const named = useRobotName(robot);
  const { id, app } = robot;
  const params = { robotId: id };
  return {
    queryKey: ['people', 'robots', id, 'tokens'],
    list: (query, options) => molo.listRobotTokens({ params, query }, options),
    create: (body) => molo.createRobotToken({ params, body }),
    revoke: (tokenId) => molo.revokeRobotToken({ params: { ...params, tokenId } }),
    grantable: ['read', 'deploy', 'administer'],
    limitable: app === null,
    command: (token, options) => peopleCommands.createRobotToken(named, token, options),
  };
}
