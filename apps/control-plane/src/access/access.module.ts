import { Global, Module } from '@nestjs/common';
import { Authenticator } from './authenticator.js';
import { RequestAuthentication } from './request-authentication.js';
import { Revocations } from './revocations.js';
import { SessionsService } from './sessions.service.js';

/** Who may do what. Every edge asks it: REST, git, the registry, live. */
@Global()
@Module({
  providers: [Authenticator, RequestAuthentication, Revocations, SessionsService],
  exports: [Authenticator, RequestAuthentication, Revocations, SessionsService],
})
export class AccessModule {}
