import type { Endpoint } from '@molo/contracts';
import type { AnyRequest, CallOptions } from './client.js';
import { type Connection, send, unreachable } from './request.js';

/** The pieces of a file as they come; whoever stops reading ends the call. Throws `unavailable` where it breaks off. */
export async function* download(connection: Connection, endpoint: Endpoint, request: AnyRequest, options: CallOptions): AsyncGenerator<string, void> {
  const { body } = await send(connection, endpoint, request, options);
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    yield decoder.decode();
  } catch (cause) {
    throw unreachable(connection, options.signal, cause);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
