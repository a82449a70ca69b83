import protobuf from 'protobufjs';

/*
 * BuildKit's progress as dockerd passes it on: JSON lines whose `aux` is a base64 protobuf, moby.buildkit.v1.StatusResponse
 * (moby/buildkit api/services/control/control.proto).
 */
const StatusResponse = protobuf
  .parse(
    `
  syntax = "proto3";
  message StatusResponse { repeated Vertex vertexes = 1; repeated VertexLog logs = 3; }
  message Vertex { string digest = 1; repeated string inputs = 2; string name = 3; bool cached = 4; Timestamp started = 5; Timestamp completed = 6; string error = 7; }
  message VertexLog { string vertex = 1; Timestamp timestamp = 2; int64 stream = 3; bytes msg = 4; }
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
`,
    { keepCase: true },
  )
  .root.lookupType('StatusResponse');

interface Status {
  vertexes?: Array<{ digest: string; name: string; cached?: boolean; started?: object; completed?: object; error?: string }>;
  logs?: Array<{ vertex: string; msg?: Uint8Array }>;
}

export type TraceEvent =
  | { readonly kind: 'started' | 'cached' | 'completed'; readonly step: string }
  | { readonly kind: 'failed'; readonly step: string; readonly error: string }
  | { readonly kind: 'line'; readonly step: string; readonly text: string };

/** What a step writes without ever ending the line is kept no longer than this. */
const longestLine = 64 * 1024;

/** Turns the pieces of BuildKit's progress into events: each step started and ended once, output in whole lines. */
export class TraceDecoder {
  private readonly names = new Map<string, string>();
  private readonly told = new Map<string, Set<TraceEvent['kind']>>();
  private readonly unfinished = new Map<string, string>();

  decode(aux: string): TraceEvent[] {
    const status = StatusResponse.decode(Buffer.from(aux, 'base64')) as unknown as Status;
    for (const { digest, name } of status.vertexes ?? []) if (name) this.names.set(digest, name);
    // Output comes before the end of the step that wrote it.
    const vertexes = status.vertexes ?? [];
    const beginnings = vertexes.flatMap(({ digest, started, cached }) => (started && !cached ? this.once(digest, 'started') : []));
    const lines = (status.logs ?? []).flatMap(({ vertex, msg }) => this.lines(vertex, Buffer.from(msg ?? []).toString('utf8')));
    return [...beginnings, ...lines, ...vertexes.flatMap((vertex) => this.endings(vertex))];
  }

  private endings({ digest, cached, completed, error }: NonNullable<Status['vertexes']>[number]): TraceEvent[] {
    if (error) return this.isFirst(digest, 'failed') ? [...this.rest(digest), { kind: 'failed', step: this.nameOf(digest), error }] : [];
    if (cached) return this.once(digest, 'cached');
    return completed ? [...this.rest(digest), ...this.once(digest, 'completed')] : [];
  }

  private once(digest: string, kind: 'started' | 'cached' | 'completed'): TraceEvent[] {
    return this.isFirst(digest, kind) ? [{ kind, step: this.nameOf(digest) }] : [];
  }

  private isFirst(digest: string, kind: TraceEvent['kind']): boolean {
    const told = this.told.get(digest) ?? new Set();
    if (told.has(kind)) return false;
    this.told.set(digest, told.add(kind));
    return true;
  }

  private lines(digest: string, text: string): TraceEvent[] {
    const pieces = ((this.unfinished.get(digest) ?? '') + text).split('\n');
    this.unfinished.set(digest, (pieces.pop() ?? '').slice(0, longestLine));
    return pieces.map((piece) => this.line(digest, piece));
  }

  private rest(digest: string): TraceEvent[] {
    const text = this.unfinished.get(digest);
    this.unfinished.delete(digest);
    return text ? [this.line(digest, text)] : [];
  }

  private line(digest: string, text: string): TraceEvent {
    return { kind: 'line', step: this.nameOf(digest), text };
  }

  private nameOf(digest: string): string {
    return this.names.get(digest) ?? digest;
  }
}
