import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, PositionInTime, positionOf } from '../rest/page.js';
import type { Caller } from './caller.js';
import { SshKeysService, viewOf as keyView } from './ssh-keys.service.js';
import { type TokenOwner, TokensService } from './tokens.service.js';

/** The caller's own tokens and SSH keys. */
@Controller()
export class CredentialsController {
  constructor(
    private readonly tokens: TokensService,
    private readonly sshKeys: SshKeysService,
  ) {}

  @Endpoint(api.listTokens)
  async listTokens({ caller, query }: Call<typeof api.listTokens>): Answer<typeof api.listTokens> {
    const tokens = await this.tokens.list(ownOf(caller), caller, positionOf(query.cursor, PositionInTime), query.limit);
    return pageOf(tokens, query.limit, ({ createdAt, id }): PositionInTime => ({ at: createdAt, id }), (token) => token);
  }

  @Endpoint(api.createToken)
  async createToken({ caller, body }: Call<typeof api.createToken>): Answer<typeof api.createToken> {
    return await this.tokens.create(ownOf(caller), body, caller);
  }

  @Endpoint(api.revokeToken)
  async revokeToken({ caller, params }: Call<typeof api.revokeToken>): Answer<typeof api.revokeToken> {
    await this.tokens.revoke(ownOf(caller), params.tokenId, caller);
  }

  @Endpoint(api.listSshKeys)
  async listSshKeys({ caller, query }: Call<typeof api.listSshKeys>): Answer<typeof api.listSshKeys> {
    const keys = await this.sshKeys.list(caller, positionOf(query.cursor, PositionInTime), query.limit);
    return pageOf(keys, query.limit, ({ createdAt, id }): PositionInTime => ({ at: createdAt.toISOString(), id }), keyView);
  }

  @Endpoint(api.addSshKey)
  async addSshKey({ caller, body }: Call<typeof api.addSshKey>): Answer<typeof api.addSshKey> {
    return keyView(await this.sshKeys.add(caller, body.name, body.publicKey));
  }

  @Endpoint(api.removeSshKey)
  async removeSshKey({ caller, params }: Call<typeof api.removeSshKey>): Answer<typeof api.removeSshKey> {
    await this.sshKeys.remove(caller, params.keyId);
  }
}

function ownOf({ userId }: Caller): TokenOwner {
  return { userId, robot: null };
}
