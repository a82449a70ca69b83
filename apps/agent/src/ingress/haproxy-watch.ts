import { createConnection, type Socket } from 'node:net';
import { ingressPaths, type IngressSettings } from './config.js';

const firstRetryMs = 20;
/** Until it is back HAProxy serves from its files, which may be a switch behind. */
const lastRetryMs = 100;

/**
 * Notices at once that HAProxy ended: an idle connection to its runtime API closes. Calls back when it is there again.
 * HAProxy closes idle connections itself now and then (`stats timeout`): calling back then does no harm.
 */
export class HaproxyWatch {
  private socket: Socket | null = null;
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;
  private retryMs = firstRetryMs;
  private wasConnected = false;

  constructor(
    private readonly settings: IngressSettings,
    private readonly onBack: () => Promise<void>,
  ) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    this.socket?.destroy();
  }

  /** Lets go of the worker of before a reload: it ends when nobody is connected to it any more. */
  reconnect(): void {
    this.socket?.destroy();
  }

  private connect(): void {
    const socket = createConnection(ingressPaths(this.settings.home).runtimeSocket);
    this.socket = socket;
    socket.on('connect', () => {
      // Interactive mode: the connection stays open with nothing to say.
      socket.write('prompt\n');
      this.retryMs = firstRetryMs;
      if (this.wasConnected) void this.onBack();
      this.wasConnected = true;
    });
    socket.on('data', () => undefined);
    socket.on('error', () => undefined);
    socket.on('close', () => this.retry());
    socket.unref();
  }

  private retry(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => this.connect(), this.retryMs).unref();
    this.retryMs = Math.min(this.retryMs * 2, lastRetryMs);
  }
}
