import type { DeploymentEvent, Problem } from '@molo/contracts';
import type { Socket } from 'socket.io-client';
import { type ClientToServer, type ServerToClient, type SubscribeAnswer, type Topic, topicKey } from './topics';

export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'reconnecting';

export interface Listener {
  /** Something of the topic changed, or may have while the socket was away: read it again. */
  readonly onChanged?: () => void;
  readonly onEvent?: (event: DeploymentEvent) => void;
  readonly onRefused?: (problem: Problem) => void;
  /** The last event seen of a deployment; the server sends those after it. */
  readonly after?: () => number;
}

type LiveSocket = Socket<ServerToClient, ClientToServer>;

const answerWithinMs = 10_000;
const askAgainAfterMs = 3_000;

/**
 * The page's one socket. It opens with the first topic, asks again for every topic after a break, and for a deployment
 * from the last event seen on, so that nothing is lost and nothing comes twice.
 */
export class LiveConnection {
  private state: ConnectionState = 'idle';
  private socket: LiveSocket | undefined;
  private opening = false;
  private readonly topics = new Map<string, { readonly topic: Topic; readonly listeners: Set<Listener> }>();
  private readonly stateListeners = new Set<() => void>();
  private readonly signedOutListeners = new Set<() => void>();

  constructor(private readonly open: () => Promise<LiveSocket>) {}

  readonly readState = (): ConnectionState => this.state;

  readonly onState = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  /** The server refused the socket because the session has ended. */
  readonly onSignedOut = (listener: () => void): (() => void) => {
    this.signedOutListeners.add(listener);
    return () => this.signedOutListeners.delete(listener);
  };

  follow(topic: Topic, listener: Listener): () => void {
    const key = topicKey(topic);
    const followed = this.topics.get(key) ?? { topic, listeners: new Set<Listener>() };
    followed.listeners.add(listener);
    this.topics.set(key, followed);
    this.connect();
    if (this.socket?.connected === true) this.subscribe(topic);
    return () => {
      followed.listeners.delete(listener);
      if (followed.listeners.size > 0) return;
      this.topics.delete(key);
      if (this.socket?.connected === true) this.socket.emit('unsubscribe', topic, () => undefined);
    };
  }

  /** Asks for a deployment once more from the last event seen, where one in between is missing. */
  resume(topic: Topic): void {
    if (this.socket?.connected === true) this.subscribe(topic);
  }

  /** Leaves the platform: on signing out, the next person must not see by this one's socket. */
  close(): void {
    this.socket?.disconnect();
    this.socket = undefined;
    this.setState('idle');
  }

  private connect(): void {
    if (this.socket !== undefined || this.opening) return;
    this.opening = true;
    this.setState('connecting');
    void this.openSocket();
  }

  private async openSocket(): Promise<void> {
    try {
      this.socket = await this.open();
      this.listen(this.socket);
      this.socket.connect();
    } catch {
      // Its code could not be loaded: the dashboard itself is away, or this device.
      this.setState('reconnecting');
      setTimeout(() => this.connect(), askAgainAfterMs);
    } finally {
      this.opening = false;
    }
  }

  private listen(socket: LiveSocket): void {
    socket.on('connect', () => {
      const missed = this.state === 'reconnecting';
      this.setState('connected');
      for (const { topic, listeners } of this.topics.values()) {
        this.subscribe(topic);
        if (missed) for (const listener of listeners) listener.onChanged?.();
      }
    });
    socket.on('disconnect', () => this.broke(socket));
    socket.on('connect_error', (error) => {
      this.broke(socket);
      const code = (error as Error & { readonly data?: Partial<Problem> }).data?.code;
      if (code === 'not_signed_in') for (const listener of this.signedOutListeners) listener();
    });
    socket.on('changed', (change) => this.listenersOf(change).forEach((listener) => listener.onChanged?.()));
    socket.on('deployment-event', ({ deploymentId, event }) => {
      this.listenersOf({ topic: 'deployment', deploymentId }).forEach((listener) => listener.onEvent?.(event));
    });
  }

  private broke(socket: LiveSocket): void {
    if (this.socket !== socket) return;
    this.setState('reconnecting');
    // A server that ends the socket or refuses it by name is not asked again by socket.io itself.
    if (!socket.active) setTimeout(() => this.socket === socket && !socket.active && socket.connect(), askAgainAfterMs);
  }

  private subscribe(topic: Topic): void {
    const socket = this.socket;
    if (socket === undefined) return;
    const asked = topic.topic === 'deployment' ? { ...topic, after: this.lastSeen(topic) } : topic;
    socket.timeout(answerWithinMs).emit('subscribe', asked, (error: Error | null, answer: SubscribeAnswer) => {
      if (error !== null) {
        if (socket.connected && this.topics.has(topicKey(topic))) this.subscribe(topic);
        return;
      }
      if (!answer.ok) this.listenersOf(topic).forEach((listener) => listener.onRefused?.(answer.problem));
    });
  }

  private lastSeen(topic: Topic): number {
    const seen = this.listenersOf(topic).map((listener) => listener.after?.() ?? 0);
    return seen.length === 0 ? 0 : Math.min(...seen);
  }

  private listenersOf(topic: Topic): Listener[] {
    return [...(this.topics.get(topicKey(topic))?.listeners ?? [])];
  }

  private setState(state: ConnectionState): void {
    if (this.state === state) return;
    this.state = state;
    for (const listener of this.stateListeners) listener();
  }
}
