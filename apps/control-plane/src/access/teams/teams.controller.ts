import { Controller } from '@nestjs/common';
import { api, TeamName } from '@molo/contracts';
import { type Answer, type Call, Endpoint } from '../../rest/endpoint.decorator.js';
import { pageOf, positionOf } from '../../rest/page.js';
import { TeamsService } from './teams.service.js';

@Controller()
export class TeamsController {
  constructor(private readonly teams: TeamsService) {}

  @Endpoint(api.listTeams)
  async list({ query }: Call<typeof api.listTeams>): Answer<typeof api.listTeams> {
    const teams = await this.teams.list(positionOf(query.cursor, TeamName), query.limit);
    return pageOf(teams, query.limit, (team) => team.name, (team) => team);
  }

  @Endpoint(api.createTeam)
  async create({ body, caller }: Call<typeof api.createTeam>): Answer<typeof api.createTeam> {
    return await this.teams.create(body.name, caller);
  }

  @Endpoint(api.updateTeam)
  async update({ params, body, caller }: Call<typeof api.updateTeam>): Answer<typeof api.updateTeam> {
    return await this.teams.rename(params.team, body.name, caller);
  }

  @Endpoint(api.removeTeam)
  async remove({ params, caller }: Call<typeof api.removeTeam>): Answer<typeof api.removeTeam> {
    await this.teams.remove(params.team, caller);
  }

  @Endpoint(api.addTeamUser)
  async add({ params, caller }: Call<typeof api.addTeamUser>): Answer<typeof api.addTeamUser> {
    return await this.teams.add(params.team, params.userId, caller);
  }

  @Endpoint(api.removeTeamUser)
  async take({ params, caller }: Call<typeof api.removeTeamUser>): Answer<typeof api.removeTeamUser> {
    await this.teams.take(params.team, params.userId, caller);
  }
}
