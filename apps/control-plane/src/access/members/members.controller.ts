import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { type Answer, type Call, Endpoint } from '../../rest/endpoint.decorator.js';
import { pageOf, PositionInTime, positionOf } from '../../rest/page.js';
import { MembersService } from './members.service.js';

@Controller()
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Endpoint(api.listMembers)
  async list({ params, query }: Call<typeof api.listMembers>): Answer<typeof api.listMembers> {
    const members = await this.members.list(params.app, positionOf(query.cursor, PositionInTime), query.limit);
    return pageOf(members, query.limit, ({ since, id }): PositionInTime => ({ at: since, id }), (member) => member);
  }

  @Endpoint(api.setMember)
  async set({ params, body, caller }: Call<typeof api.setMember>): Answer<typeof api.setMember> {
    return await this.members.set(params.app, body, body.role, caller);
  }

  @Endpoint(api.changeMember)
  async change({ params, body, caller }: Call<typeof api.changeMember>): Answer<typeof api.changeMember> {
    return await this.members.change(params.app, params.memberId, body.role, caller);
  }

  @Endpoint(api.removeMember)
  async remove({ params, caller }: Call<typeof api.removeMember>): Answer<typeof api.removeMember> {
    await this.members.remove(params.app, params.memberId, caller);
  }
}
