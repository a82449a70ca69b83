/** What a container is made from. Everything that bounds it is set here, always. */
export interface ContainerSpec {
  readonly name: string;
  /** Id of an image that the engine has. */
  readonly imageId: string;
  /** null: the image's own command. */
  readonly command: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: { readonly name: string; readonly alias: string };
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pids: number;
  /** Pause between two runs of the image's own HEALTHCHECK; null leaves it as the image has it. */
  readonly imageCheckSeconds: number | null;
}

export type ContainerStatus = 'created' | 'running' | 'exited';

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: ContainerStatus;
  /** Process id of its init on the host; 0 while it does not run. */
  readonly pid: number;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly exitCode: number;
  /** The kernel killed a process of it for want of memory. */
  readonly outOfMemory: boolean;
  /** Address on its own network; null while it does not run. */
  readonly address: string | null;
  /** What the image's HEALTHCHECK says; `none` where it has none. */
  readonly imageHealth: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** File on this machine into which the engine writes what it says (see logs/engine-log); null before its first start. */
  readonly logFile: string | null;
}

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly subnets: readonly string[];
  /** How many containers are attached. */
  readonly attached: number;
}

export interface EngineImage {
  /** Its config digest. */
  readonly id: string;
  /** What it can be called by: `HOST/app:tag`, `HOST/app@sha256:…`. */
  readonly references: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface EngineEvent {
  /** `lost`: events may have been missed; whoever relies on them looks again. */
  readonly kind: 'started' | 'ended' | 'removed' | 'out-of-memory' | 'health' | 'lost';
  readonly containerId: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * The few things that the agent asks of a container engine. Each is idempotent: to start what runs, to stop what has
 * ended or to remove what is gone is success. Failures are `AppError` with a detail for the public.
 */
export abstract class Engine {
  abstract version(): Promise<string>;
  abstract hasImage(reference: string): Promise<string | null>;
  /** Fetches an image and returns its id. */
  abstract pull(reference: string, credentials: RegistryCredentials): Promise<string>;
  /** All images that carry all of these labels. */
  abstract listImages(labels: Readonly<Record<string, string>>): Promise<EngineImage[]>;
  /** Ids of the images that containers are made from, ended ones too. */
  abstract imagesInUse(): Promise<ReadonlySet<string>>;
  /** Takes a reference, or an id, from its image; with the last one the image goes. One that something stands on stays. */
  abstract removeImage(reference: string): Promise<void>;
  /** Removes build cache that is part of no image, what was longest unused first, down to `keepBytes`; returns the bytes freed. */
  abstract pruneBuildCache(keepBytes: number): Promise<number>;
  /** Folder of all its images and containers on this machine's disk. */
  abstract dataFolder(): Promise<string>;
  /** Returns the container's id; that of the container which has the name already, if one has. */
  abstract create(spec: ContainerSpec): Promise<string>;
  abstract start(containerId: string): Promise<void>;
  abstract signal(containerId: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Ends it if it runs, and removes it with its anonymous volumes. */
  abstract remove(containerId: string): Promise<void>;
  abstract inspect(containerId: string): Promise<Container | null>;
  /** All containers, ended ones too, that carry all of these labels. */
  abstract list(labels: Readonly<Record<string, string>>): Promise<Container[]>;
  abstract networks(): Promise<Network[]>;
  abstract createNetwork(name: string, subnet: string, labels: Readonly<Record<string, string>>): Promise<void>;
  abstract removeNetwork(name: string): Promise<void>;
  /** Calls the listener for every event of containers that carry the label `molo.managed`, until the signal fires. */
  abstract watch(listener: (event: EngineEvent) => void, signal: AbortSignal): void;
}
