import type { Duplex } from 'node:stream';
import { randomUUID } from 'node:crypto';
import { Server, ServerCredentials, status, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type Docker from 'dockerode';
import protobuf from 'protobufjs';

/*
 * BuildKit asks its client for secrets and registry credentials over the session that the client opened
 * (`POST /session`, hijacked to HTTP/2 with the client as gRPC server). dockerode's own session serves credentials only,
 * so this one is made beside it. Messages: moby/buildkit session/secrets/secrets.proto, session/auth/auth.proto.
 */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message GetSecretRequest { string ID = 1; map<string, string> annotations = 2; }
  message GetSecretResponse { bytes data = 1; }
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse { int32 status = 1; }
  message CredentialsRequest { string Host = 1; }
  message CredentialsResponse { string Username = 1; string Secret = 2; }
`);

function unary(path: string, request: string, response: string): ServiceDefinition[string] {
  const requestType = root.lookupType(request);
  const responseType = root.lookupType(response);
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: object) => Buffer.from(requestType.encode(value).finish()),
    requestDeserialize: (bytes: Buffer) => requestType.decode(bytes),
    responseSerialize: (value: object) => Buffer.from(responseType.encode(value).finish()),
    responseDeserialize: (bytes: Buffer) => responseType.decode(bytes),
  };
}

const secretsService: ServiceDefinition = {
  GetSecret: unary('/moby.buildkit.secrets.v1.Secrets/GetSecret', 'GetSecretRequest', 'GetSecretResponse'),
};
const authService: ServiceDefinition = {
  Credentials: unary('/moby.filesync.v1.Auth/Credentials', 'CredentialsRequest', 'CredentialsResponse'),
};

/** BuildKit asks every second and gives up a session that does not say that it serves. */
const healthService: ServiceDefinition = {
  Check: unary('/grpc.health.v1.Health/Check', 'HealthCheckRequest', 'HealthCheckResponse'),
};
const serving = { status: 1 };

export interface RegistryLogin {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

export interface BuildSession {
  readonly id: string;
  close(): void;
}

interface SessionContents {
  /** Secret id → value; answered under `/run/secrets/<id>` to steps that mount it. */
  readonly secrets: ReadonlyMap<string, Buffer>;
  readonly logins: readonly RegistryLogin[];
}

export async function openBuildSession(docker: Docker, contents: SessionContents): Promise<BuildSession> {
  const id = randomUUID();
  const socket = await dialSession(docker, id);
  const server = new Server();
  server.addService(secretsService, secretsHandler(contents.secrets));
  server.addService(authService, credentialsHandler(contents.logins));
  server.addService(healthService, { Check: (_call: unknown, answer: (error: null, value: object) => void) => answer(null, serving) });
  server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(socket);
  return {
    id,
    close() {
      server.forceShutdown();
      socket.destroy();
    },
  };
}

function dialSession(docker: Docker, id: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      path: '/session',
      hijack: true,
      headers: {
        Upgrade: 'h2c',
        'X-Docker-Expose-Session-Uuid': id,
        'X-Docker-Expose-Session-Name': 'molo',
        'X-Docker-Expose-Session-Grpc-Method': [secretsService, authService, healthService].flatMap((service) => Object.values(service).map((method) => method.path)),
      },
      statusCodes: { 200: true, 500: 'server error' },
    };
    docker.modem.dial(options, (error, socket) => {
      if (error) reject(error);
      else resolve(socket as Duplex);
    });
  });
}

function secretsHandler(secrets: ReadonlyMap<string, Buffer>): UntypedServiceImplementation {
  return {
    GetSecret(call: { request: { ID: string } }, answer: (error: { code: status; details: string } | null, value?: object) => void) {
      const data = secrets.get(call.request.ID);
      if (data === undefined) answer({ code: status.NOT_FOUND, details: `secret ${call.request.ID} not found` });
      else answer(null, { data });
    },
  };
}

function credentialsHandler(logins: readonly RegistryLogin[]): UntypedServiceImplementation {
  return {
    Credentials(call: { request: { Host: string } }, answer: (error: null, value: object) => void) {
      const login = logins.find(({ host }) => host === call.request.Host);
      answer(null, login ? { Username: login.username, Secret: login.password } : {});
    },
  };
}
