import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, PositionInTime, positionOf } from '../rest/page.js';
import type { Caller } from './caller.js';
import { OpenSessionsService, viewOf } from './open-sessions.service.js';
import type { Session } from './session.entity.js';

@Controller()
export class SessionsController {
  constructor(private readonly sessions: OpenSessionsService) {}

  @Endpoint(api.listSessions)
  async list({ query, caller }: Call<typeof api.listSessions>): Answer<typeof api.listSessions> {
    return page(await this.sessions.list(caller.userId, positionOf(query.cursor, PositionInTime), query.limit), query.limit, caller);
  }

  @Endpoint(api.endSession)
  async endOne({ params, caller }: Call<typeof api.endSession>): Answer<typeof api.endSession> {
    await this.sessions.endOne(params.sessionId, caller);
  }

  @Endpoint(api.endOtherSessions)
  async endOthers({ caller }: Call<typeof api.endOtherSessions>): Answer<typeof api.endOtherSessions> {
    await this.sessions.endOthers(caller);
  }

  @Endpoint(api.listUserSessions)
  async listOf({ params, query, caller }: Call<typeof api.listUserSessions>): Answer<typeof api.listUserSessions> {
    return page(await this.sessions.listOf(params.userId, positionOf(query.cursor, PositionInTime), query.limit), query.limit, caller);
  }

  @Endpoint(api.endUserSessions)
  async endAllOf({ params, caller }: Call<typeof api.endUserSessions>): Answer<typeof api.endUserSessions> {
    await this.sessions.endAllOf(params.userId, caller);
  }
}

function page(sessions: readonly Session[], limit: number, caller: Caller) {
  const positionOfSession = ({ createdAt, id }: Session): PositionInTime => ({ at: createdAt.toISOString(), id });
  return pageOf(sessions, limit, positionOfSession, (session) => viewOf(session, caller));
}
