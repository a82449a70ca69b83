import { Controller, Get, Header } from '@nestjs/common';
import { openApiDocument } from './open-api.js';

@Controller('api')
export class OpenApiController {
  private readonly document = openApiDocument();

  @Get('openapi.json')
  @Header('cache-control', 'public, max-age=60')
  read(): object {
    return this.document;
  }
}
