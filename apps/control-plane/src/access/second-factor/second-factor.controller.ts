import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { type Answer, type Call, Endpoint } from '../../rest/endpoint.decorator.js';
import { SecondFactorService } from './second-factor.service.js';

@Controller()
export class SecondFactorController {
  constructor(private readonly secondFactor: SecondFactorService) {}

  @Endpoint(api.getSecondFactor)
  async get({ caller }: Call<typeof api.getSecondFactor>): Answer<typeof api.getSecondFactor> {
    return await this.secondFactor.of(caller);
  }

  @Endpoint(api.enrolSecondFactor)
  async enrol({ body, caller }: Call<typeof api.enrolSecondFactor>): Answer<typeof api.enrolSecondFactor> {
    return await this.secondFactor.enrol(caller, body.password);
  }

  @Endpoint(api.confirmSecondFactor)
  async confirm({ body, caller }: Call<typeof api.confirmSecondFactor>): Answer<typeof api.confirmSecondFactor> {
    return await this.secondFactor.confirm(caller, body.code);
  }

  @Endpoint(api.disableSecondFactor)
  async disable({ body, caller }: Call<typeof api.disableSecondFactor>): Answer<typeof api.disableSecondFactor> {
    await this.secondFactor.disable(caller, body);
  }

  @Endpoint(api.renewRecoveryCodes)
  async renewRecoveryCodes({ body, caller }: Call<typeof api.renewRecoveryCodes>): Answer<typeof api.renewRecoveryCodes> {
    return await this.secondFactor.renewRecoveryCodes(caller, body);
  }

  @Endpoint(api.removeUserSecondFactor)
  async removeOf({ params, caller }: Call<typeof api.removeUserSecondFactor>): Answer<typeof api.removeUserSecondFactor> {
    await this.secondFactor.removeOf(params.userId, caller);
  }
}
