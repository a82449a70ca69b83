import { Module } from '@nestjs/common';
import { RegistryBlobs } from './registry-blobs.js';
import { RegistryClient } from './registry-client.js';
import { ReleaseTags } from './release-tags.js';
import { RegistryTokens } from './registry-tokens.js';

/** The registry as a store: needs nothing of the other features, so any of them may use it. */
@Module({ providers: [RegistryTokens, RegistryClient, RegistryBlobs, ReleaseTags], exports: [RegistryTokens, RegistryBlobs, ReleaseTags] })
export class RegistryStorageModule {}
