import type { IncomingMessage } from 'node:http';

const fromOwnersSocket = new WeakSet<IncomingMessage>();

/** Only the listener on the owner's unix socket calls this: who can open the socket owns the machine. */
export function markAsOwners(request: IncomingMessage): void {
  fromOwnersSocket.add(request);
}

export function isOwners(request: IncomingMessage): boolean {
  return fromOwnersSocket.has(request);
}
