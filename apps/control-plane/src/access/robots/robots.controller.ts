import { Controller } from '@nestjs/common';
import { api, ChosenName } from '@molo/contracts';
import { z } from 'zod';
import { type Answer, type Call, Endpoint } from '../../rest/endpoint.decorator.js';
import { pageOf, PositionInTime, positionOf } from '../../rest/page.js';
import { TokensService } from '../tokens.service.js';
import { type RobotPosition, RobotsService } from './robots.service.js';

const Position = z.object({ name: ChosenName, id: z.uuid() });

@Controller()
export class RobotsController {
  constructor(
    private readonly robots: RobotsService,
    private readonly tokens: TokensService,
  ) {}

  @Endpoint(api.listRobots)
  async list({ query, caller }: Call<typeof api.listRobots>): Answer<typeof api.listRobots> {
    const robots = await this.robots.list(caller, positionOf(query.cursor, Position), query.limit);
    return pageOf(robots, query.limit, ({ name, id }): RobotPosition => ({ name, id }), (robot) => robot);
  }

  @Endpoint(api.createRobot)
  async create({ body, caller }: Call<typeof api.createRobot>): Answer<typeof api.createRobot> {
    return await this.robots.create(body.name, body.role, caller);
  }

  @Endpoint(api.createAppRobot)
  async createFor({ params, body, caller }: Call<typeof api.createAppRobot>): Answer<typeof api.createAppRobot> {
    return await this.robots.createFor(params.app, body.name, body.role, caller);
  }

  @Endpoint(api.removeRobot)
  async remove({ params, caller }: Call<typeof api.removeRobot>): Answer<typeof api.removeRobot> {
    await this.robots.remove(params.robotId, caller);
  }

  @Endpoint(api.listRobotTokens)
  async listTokens({ params, query, caller }: Call<typeof api.listRobotTokens>): Answer<typeof api.listRobotTokens> {
    const owner = await this.robots.ownerOfTokens(params.robotId);
    const tokens = await this.tokens.list(owner, caller, positionOf(query.cursor, PositionInTime), query.limit);
    return pageOf(tokens, query.limit, ({ createdAt, id }): PositionInTime => ({ at: createdAt, id }), (token) => token);
  }

  @Endpoint(api.createRobotToken)
  async createToken({ params, body, caller }: Call<typeof api.createRobotToken>): Answer<typeof api.createRobotToken> {
    return await this.tokens.create(await this.robots.ownerOfTokens(params.robotId), body, caller);
  }

  @Endpoint(api.revokeRobotToken)
  async revokeToken({ params, caller }: Call<typeof api.revokeRobotToken>): Answer<typeof api.revokeRobotToken> {
    await this.tokens.revoke(await this.robots.ownerOfTokens(params.robotId), params.tokenId, caller);
  }
}
