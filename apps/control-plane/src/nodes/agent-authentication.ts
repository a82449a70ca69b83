import { type CanActivate, type ExecutionContext, createParamDecorator, Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import type { Request, Response } from 'express';
import { readJsonBody } from '../rest/json-body.js';
import { NodesService } from './nodes.service.js';

const nodeIds = new WeakMap<Request, string>();

/** Only an agent with its node's token comes in. */
@Injectable()
export class AgentAuthentication implements CanActivate {
  constructor(private readonly nodes: NodesService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    const nodeId = scheme === 'Bearer' && token ? await this.nodes.byToken(token) : null;
    if (!nodeId) throw new AppError('credentials_refused', { detail: 'This is for agents, with the token of their node.' });
    nodeIds.set(request, nodeId);
    request.body = await readJsonBody(request, context.switchToHttp().getResponse<Response>(), '32mb');
    return true;
  }
}

/** The node whose agent calls. */
export const CallingNode = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  return nodeIds.get(context.switchToHttp().getRequest<Request>())!;
});
