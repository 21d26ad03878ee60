import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Resolves when everything that was written to this loopback socket has been read by the program at its other end, as
 * far as the kernel tells (Linux); at the latest after `limitMs`.
 */
export async function delivered(socket: Socket, limitMs = 10_000): Promise<void> {
  const { localPort, remotePort } = socket;
  if (localPort === undefined || remotePort === undefined) return;
  const deadline = performance.now() + limitMs;
  while (!socket.destroyed && performance.now() < deadline) {
    const waiting = await queuedBytes(localPort, remotePort);
    if (waiting === 0) return;
    await sleep(waiting === undefined ? 50 : 2);
    if (waiting === undefined) return;
  }
}

/**
 * Keeps what is under way to the client of this loopback socket below `window` bytes: call it with each number of bytes
 * before they are sent. Socket buffers hold megabytes otherwise, which nobody has received when the client dies. Does
 * nothing where the kernel does not tell.
 */
export function deliveryWindow(socket: Socket, window: number | undefined): (bytes: number) => Promise<void> {
  if (window === undefined) return () => Promise.resolve();
  let underWay = 0;
  return async (bytes) => {
    while (underWay + bytes > window && !socket.destroyed) {
      const { localPort, remotePort } = socket;
      if (localPort === undefined || remotePort === undefined) return;
      const queued = (await queuedBytes(localPort, remotePort)) ?? 0;
      if (queued > 0 && queued + bytes > window) await sleep(1);
      underWay = queued;
      if (queued === 0) break;
    }
    underWay += bytes;
  };
}

/** Bytes that were sent and not acknowledged plus bytes that arrived and were not read; undefined where nothing tells. */
async function queuedBytes(serverPort: number, clientPort: number): Promise<number | undefined> {
  const table = await readFile("/proc/net/tcp", "latin1").catch(() => undefined);
  if (table === undefined) return undefined;
  let bytes = 0;
  for (const line of table.split("\n").slice(1)) {
    const [, local = "", remote = "", , queues = ""] = line.trim().split(/\s+/);
    const [unsent = "0", unread = "0"] = queues.split(":");
    if (portOf(local) === serverPort && portOf(remote) === clientPort) bytes += Number.parseInt(unsent, 16);
    if (portOf(local) === clientPort && portOf(remote) === serverPort) bytes += Number.parseInt(unread, 16);
  }
  return bytes;
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(":") + 1), 16);
}
