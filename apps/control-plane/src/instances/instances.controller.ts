import { Controller } from '@nestjs/common';
import { api, type InstanceLogLine } from '@molo/contracts';
import { EnvironmentsService } from '../environments/environments.service.js';
import { type Answer, type Call, Endpoint, type StreamEvent } from '../rest/endpoint.decorator.js';
import { InstanceLogs, type NumberedLine } from './instance-logs.js';
import { InstanceViews } from './instance-views.js';

@Controller()
export class InstancesController {
  constructor(
    private readonly environments: EnvironmentsService,
    private readonly views: InstanceViews,
    private readonly logs: InstanceLogs,
  ) {}

  @Endpoint(api.listInstances)
  async list({ params }: Call<typeof api.listInstances>): Answer<typeof api.listInstances> {
    const { environment } = await this.environments.find(params.app, params.environment);
    return { items: await this.views.list(environment.id) };
  }

  @Endpoint(api.readLogs)
  async read({ params, query, lastEventId, signal }: Call<typeof api.readLogs>): Answer<typeof api.readLogs> {
    const { environment } = await this.environments.find(params.app, params.environment);
    const lines = this.logs.read({ environmentId: environment.id, process: query.process ?? null, lines: query.lines, follow: query.follow, after: lastEventId }, signal);
    return asEvents(lines);
  }
}

async function* asEvents(lines: AsyncIterable<NumberedLine>): AsyncGenerator<StreamEvent<InstanceLogLine>> {
  for await (const { id, line } of lines) yield { id, data: line };
}
