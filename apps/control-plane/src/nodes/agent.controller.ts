import { Body, Controller, Get, HttpCode, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { AppError, type BuildOrder, BuildReport, type DesiredAnswer, DesiredQuery, Id, LogChunk, NodeFigures, NodeImage, ObservedNode, StackReport, type UnneededImages } from '@molo/contracts';
import type { Response } from 'express';
import { z } from 'zod';
import { BuildOrders } from '../builds/build-orders.js';
import { BuildsService } from '../builds/builds.service.js';
import { ImageCollection } from '../collection/image-collection.js';
import { EventStreams } from '../rest/event-streams.js';
import { fieldErrors, unstorable } from '../rest/field-errors.js';
import { AgentAuthentication, CallingNode } from './agent-authentication.js';
import { DesiredService } from './desired.service.js';
import { NodeReports } from './node-reports.js';
import { ObservedService } from './observed.service.js';

/** What agents ask and tell; the shapes are in the node protocol of the contracts. */
@Controller('agent/v1')
@UseGuards(AgentAuthentication)
export class AgentController {
  constructor(
    private readonly desired: DesiredService,
    private readonly observed: ObservedService,
    private readonly builds: BuildsService,
    private readonly orders: BuildOrders,
    private readonly reports: NodeReports,
    private readonly images: ImageCollection,
    private readonly streams: EventStreams,
  ) {}

  @Get('desired')
  async getDesired(@CallingNode() nodeId: string, @Query() query: unknown, @Res({ passthrough: true }) response: Response): Promise<DesiredAnswer | undefined> {
    const { since, waitSeconds } = parse(DesiredQuery, query);
    if (since === undefined) return this.desired.whole(nodeId);
    const answer = await this.desired.since(nodeId, since, waitSeconds * 1000, this.streams.signalOf(response));
    if (answer === null) response.status(204);
    return answer ?? undefined;
  }

  @Post('observed')
  @HttpCode(204)
  async postObserved(@CallingNode() nodeId: string, @Body() body: unknown): Promise<void> {
    await this.observed.take(nodeId, parse(ObservedNode, body));
  }

  @Get('builds/:id')
  async getBuild(@CallingNode() nodeId: string, @Param('id') id: string): Promise<BuildOrder> {
    return this.orders.of(parse(Id, id), nodeId);
  }

  @Post('builds/:id/state')
  @HttpCode(204)
  async postBuild(@CallingNode() nodeId: string, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    await this.builds.report(parse(Id, id), nodeId, parse(BuildReport, body));
  }

  @Post('logs')
  @HttpCode(204)
  async postLogs(@CallingNode() nodeId: string, @Body() body: unknown): Promise<void> {
    await this.reports.takeLogs(nodeId, parse(z.array(LogChunk).max(1000), body));
  }

  @Post('figures')
  @HttpCode(204)
  async postFigures(@CallingNode() nodeId: string, @Body() body: unknown): Promise<void> {
    await this.reports.takeFigures(nodeId, parse(NodeFigures, body));
  }

  @Post('stacks')
  @HttpCode(204)
  async postStack(@CallingNode() nodeId: string, @Body() body: unknown): Promise<void> {
    await this.reports.takeStack(nodeId, parse(StackReport, body));
  }

  @Post('images/unneeded')
  @HttpCode(200)
  async postUnneeded(@Body() body: unknown): Promise<UnneededImages> {
    return { ids: await this.images.unneeded(parse(z.array(NodeImage).max(100_000), body)) };
  }
}

function parse<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const parsed = shape.safeParse(value);
  const errors = parsed.success ? unstorable(parsed.data) : fieldErrors(parsed.error);
  if (parsed.success && errors.length === 0) return parsed.data;
  throw new AppError('invalid_input', { detail: 'The request does not have the shape that this version of the control plane takes.', errors });
}
