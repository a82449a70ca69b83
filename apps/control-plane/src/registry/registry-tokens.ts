import { createPrivateKey, randomUUID, X509Certificate, type webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { SignJWT } from 'jose';
import { Config } from '../config.js';

/** What a token allows, as Distribution reads it from the claim `access`. */
export interface RegistryAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Distribution's configuration names the same two: `auth.token.issuer` and `auth.token.service`. */
export const registryIssuer = 'molo';
export const registryService = 'molo-registry';
/** Of nodes and of the platform itself, which ask for many. */
export const tokenSeconds = 300;
/** Of everybody else. Nothing ends a token before its time, and a minute is the least that docker works with. */
export const callerTokenSeconds = 60;
/** Clocks of other machines may be behind. */
const leewaySeconds = 30;

interface Signer {
  /** As what signs with it takes it: another form is turned into this one for each signature, which takes longer than to sign. */
  readonly key: webcrypto.CryptoKey;
  /** The certificate of the key, in DER, base64: the registry checks it against the internal CA. */
  readonly certificate: string;
}

/** Signs the short-lived tokens that the registry asks of everybody (Docker Registry v2 authentication, JWT). */
@Injectable()
export class RegistryTokens {
  #signer: Promise<Signer> | null = null;

  constructor(private readonly config: Config) {}

  /** @param subject who it is for, as the registry's log shows it */
  async sign(subject: string, access: readonly RegistryAccess[], seconds = tokenSeconds): Promise<string> {
    const { key, certificate } = await this.#loadSigner();
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ access })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', x5c: [certificate] })
      .setIssuer(registryIssuer)
      .setAudience(registryService)
      .setSubject(subject)
      .setIssuedAt(now)
      .setNotBefore(now - leewaySeconds)
      .setExpirationTime(now + seconds)
      .setJti(randomUUID())
      .sign(key);
  }

  #loadSigner(): Promise<Signer> {
    this.#signer ??= this.#readSigner().catch((error: unknown) => {
      this.#signer = null;
      throw error;
    });
    return this.#signer;
  }

  async #readSigner(): Promise<Signer> {
    const [key, certificate] = await Promise.all([readFile(this.config.path('tls', 'registry-token.key')), readFile(this.config.path('tls', 'registry-token.crt'))]);
    return { key: createPrivateKey(key).toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']), certificate: new X509Certificate(certificate).raw.toString('base64') };
  }
}
