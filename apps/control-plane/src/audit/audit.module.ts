import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditLog } from './audit-log.js';
import { AuditService } from './audit.service.js';

/** Every feature that changes something records it. */
@Global()
@Module({ controllers: [AuditController], providers: [AuditLog, AuditService], exports: [AuditService] })
export class AuditModule {}
