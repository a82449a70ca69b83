import { Module } from '@nestjs/common';
import { FormerImages } from './former-images.js';
import { RegistryBlobs } from './registry-blobs.js';
import { RegistryClient } from './registry-client.js';
import { RegistryManifests } from './registry-manifests.js';
import { ReleaseTags } from './release-tags.js';
import { RegistryTokens } from './registry-tokens.js';
import { UploadGate } from './upload-gate.js';

/** The registry as a store: needs nothing of the other features, so any of them may use it. */
@Module({
  providers: [RegistryTokens, RegistryClient, RegistryBlobs, RegistryManifests, ReleaseTags, UploadGate, FormerImages],
  exports: [RegistryTokens, RegistryClient, RegistryBlobs, RegistryManifests, ReleaseTags, UploadGate, FormerImages],
})
export class RegistryStorageModule {}
