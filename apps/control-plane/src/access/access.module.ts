import { Global, Module } from '@nestjs/common';
import { AccessController } from './access.controller.js';
import { Authenticator } from './authenticator.js';
import { Callers } from './callers.js';
import { ClaimService } from './claim.service.js';
import { CredentialsController } from './credentials.controller.js';
import { Decision } from './decision.js';
import { MembersController } from './members/members.controller.js';
import { MembersService } from './members/members.service.js';
import { RequestAuthentication } from './request-authentication.js';
import { OwnPassword } from './own-password.js';
import { Revocations } from './revocations.js';
import { RobotsController } from './robots/robots.controller.js';
import { RobotsService } from './robots/robots.service.js';
import { SecondFactorCodes } from './second-factor/second-factor-codes.js';
import { SecondFactorController } from './second-factor/second-factor.controller.js';
import { SecondFactorService } from './second-factor/second-factor.service.js';
import { OpenSessionsService } from './open-sessions.service.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { SignInService } from './sign-in.service.js';
import { SshKeysService } from './ssh-keys.service.js';
import { TeamsController } from './teams/teams.controller.js';
import { TeamsService } from './teams/teams.service.js';
import { TokensService } from './tokens.service.js';
import { InvitationsService } from './users/invitations.service.js';
import { OwnAccountService } from './users/own-account.service.js';
import { UsersController } from './users/users.controller.js';
import { UsersService } from './users/users.service.js';

/** Who may do what. Every edge asks it: REST, git, the registry, live. */
@Global()
@Module({
  controllers: [AccessController, CredentialsController, MembersController, RobotsController, SecondFactorController, SessionsController, TeamsController, UsersController],
  providers: [Authenticator, Callers, ClaimService, Decision, MembersService, OpenSessionsService, OwnPassword, RequestAuthentication, Revocations, RobotsService, SecondFactorCodes, SecondFactorService, SessionsService, SignInService, SshKeysService, TeamsService, TokensService, InvitationsService, OwnAccountService, UsersService],
  exports: [Authenticator, ClaimService, Decision, RequestAuthentication, Revocations, RobotsService, SessionsService],
})
export class AccessModule {}
