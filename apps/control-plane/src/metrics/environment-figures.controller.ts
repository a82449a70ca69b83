import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { EnvironmentsService } from '../environments/environments.service.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { EnvironmentFigures } from './environment-figures.js';

@Controller()
export class EnvironmentFiguresController {
  constructor(
    private readonly environments: EnvironmentsService,
    private readonly figures: EnvironmentFigures,
  ) {}

  @Endpoint(api.getFigures)
  async read({ params }: Call<typeof api.getFigures>): Answer<typeof api.getFigures> {
    const { environment } = await this.environments.find(params.app, params.environment);
    return await this.figures.of(environment.id);
  }
}
