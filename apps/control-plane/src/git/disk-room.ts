import { statfsSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { Config } from '../config.js';

/** What pushes leave free on the platform's disk: the database, the queue and the logs write there, and must go on. */
const leftShare = 0.05;
const mostLeftBytes = 1e9;

/** Refuses what would take the room that the platform needs to go on. */
@Injectable()
export class DiskRoom {
  constructor(private readonly config: Config) {}

  /** Throws `storage_full`. */
  assert(): void {
    const { blocks, bavail, bsize } = statfsSync(this.config.home);
    if (bavail * bsize >= Math.min(blocks * bsize * leftShare, mostLeftBytes)) return;
    const left = Math.floor((bavail * bsize) / 1e6);
    throw new AppError('storage_full', {
      detail: `The platform's disk has ${left} MB left, which it needs to go on: nothing was taken, and what runs serves on. Have a sysadmin make room where MOLO_HOME is; then push again.`,
    });
  }
}
