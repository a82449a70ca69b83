import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { type Answer, type Call, Endpoint } from '../../rest/endpoint.decorator.js';
import { pageOf, PositionInTime, positionOf } from '../../rest/page.js';
import type { Caller } from '../caller.js';
import type { User } from '../user.entity.js';
import { fromOf, welcome } from '../welcome.js';
import { InvitationsService } from './invitations.service.js';
import { UsersService, viewOf } from './users.service.js';

@Controller()
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly invitations: InvitationsService,
  ) {}

  @Endpoint(api.listUsers)
  async list({ query, caller }: Call<typeof api.listUsers>): Answer<typeof api.listUsers> {
    const users = await this.users.list(positionOf(query.cursor, PositionInTime), query.limit);
    return pageOf(users, query.limit, ({ createdAt, id }): PositionInTime => ({ at: createdAt.toISOString(), id }), (user) => viewFor(caller, user));
  }

  @Endpoint(api.inviteUser)
  async invite({ body, caller }: Call<typeof api.inviteUser>): Answer<typeof api.inviteUser> {
    return await this.users.invite(body, caller);
  }

  @Endpoint(api.updateUser)
  async update({ params, body, caller }: Call<typeof api.updateUser>): Answer<typeof api.updateUser> {
    return await this.users.change(params.userId, body, caller);
  }

  @Endpoint(api.removeUser)
  async remove({ params, caller }: Call<typeof api.removeUser>): Answer<typeof api.removeUser> {
    await this.users.remove(params.userId, caller);
  }

  @Endpoint(api.renewInvitation)
  async renewInvitation({ params, body, caller }: Call<typeof api.renewInvitation>): Answer<typeof api.renewInvitation> {
    return await this.users.renewInvitation(params.userId, body.expiresInDays, caller);
  }

  @Endpoint(api.acceptInvitation)
  async acceptInvitation({ body, request, response }: Call<typeof api.acceptInvitation>): Answer<typeof api.acceptInvitation> {
    return welcome(await this.invitations.accept(body, fromOf(request)), { request, response });
  }
}

/** Whose password alone would be enough is told to those who can do something about it. */
function viewFor(caller: Caller, user: User): ReturnType<typeof viewOf> {
  return { ...viewOf(user), ...(caller.rights.includes('administer') ? {} : { secondFactor: null }) };
}
