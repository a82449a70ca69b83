import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { ClaimService } from './claim.service.js';
import { clearSessionCookie, sessionCookiesOf } from './session-cookie.js';
import { SessionsService } from './sessions.service.js';
import { SignInService } from './sign-in.service.js';
import { OwnAccountService } from './users/own-account.service.js';
import { fromOf, meOf, welcome } from './welcome.js';

@Controller()
export class AccessController {
  constructor(
    private readonly claims: ClaimService,
    private readonly signIns: SignInService,
    private readonly sessions: SessionsService,
    private readonly account: OwnAccountService,
  ) {}

  @Endpoint(api.claim)
  async claim({ body, request, response }: Call<typeof api.claim>): Answer<typeof api.claim> {
    return welcome(await this.claims.claim(body, fromOf(request)), { request, response });
  }

  @Endpoint(api.signIn)
  async signIn({ body, request, response }: Call<typeof api.signIn>): Answer<typeof api.signIn> {
    return welcome(await this.signIns.signIn(body, fromOf(request)), { request, response });
  }

  @Endpoint(api.signOut)
  async signOut({ caller, request, response }: Call<typeof api.signOut>): Answer<typeof api.signOut> {
    for (const secret of sessionCookiesOf(request)) await this.sessions.end(secret, caller);
    clearSessionCookie(request, response);
  }

  @Endpoint(api.me)
  async me({ caller }: Call<typeof api.me>): Answer<typeof api.me> {
    return meOf(caller);
  }

  @Endpoint(api.updateMe)
  async updateMe({ body, caller }: Call<typeof api.updateMe>): Answer<typeof api.updateMe> {
    await this.account.rename(caller, body.name);
    return meOf({ ...caller, name: body.name });
  }

  @Endpoint(api.changePassword)
  async changePassword({ body, caller }: Call<typeof api.changePassword>): Answer<typeof api.changePassword> {
    return await this.account.changePassword(caller, body);
  }
}
