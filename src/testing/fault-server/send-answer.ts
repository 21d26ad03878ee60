import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Cut } from "./answer.ts";
import type { Outcome } from "./request-log.ts";

const chunkSize = 128 * 1024;
/** Paced bodies go out in at most so many pieces a second. */
const piecesPerSecond = 50;

/** What sending needs of its surroundings. */
export interface SendContext {
  readonly method: string;
  readonly socket: Socket;
  /** Aborts when the connection is gone. */
  readonly gone: AbortSignal;
  /** Sends TCP RST and destroys the connection. */
  reset(): Promise<void>;
  onStatus(status: number): void;
  onBody(bytes: number): void;
  /** Waits until so many body bytes may be sent. */
  mayPass(bytes: number): Promise<void>;
}

/** Sends the answer with its faults. Rejects when the connection is lost under way. */
export async function sendAnswer(
  answer: Answer,
  context: SendContext,
): Promise<Exclude<Outcome, "open" | "abandoned">> {
  const cuts = answer.cuts.toSorted((a, b) => a.at - b.at);
  const early = await strike(cuts, -1, context);
  if (early !== undefined) return early;
  for (const status of answer.informational) await write(context, `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n\r\n`);
  context.onStatus(answer.status);
  const head = Buffer.from(headText(answer), "latin1");
  const piece = answer.splitHead?.bytes ?? head.length;
  for (let offset = 0; offset < head.length; offset += piece) {
    if (offset > 0) await sleep(answer.splitHead?.delayMs ?? 0, undefined, { signal: context.gone });
    await write(context, head.subarray(offset, offset + piece));
  }
  if (context.method !== "HEAD" && answer.status >= 200 && answer.status !== 204 && answer.status !== 304) {
    const cut = await sendBody(answer, cuts, context);
    if (cut !== undefined) return cut;
  }
  if (answer.framing === "length" || (answer.framing === "chunked" && answer.closingChunk)) return "complete";
  context.socket.end();
  return "closed";
}

function headText(answer: Answer): string {
  const lines = [`${answer.protocol} ${answer.status} ${STATUS_CODES[answer.status] ?? "Unknown"}`];
  const headers = new Map(answer.headers);
  headers.set("Date", new Date().toUTCString());
  if (answer.framing === "chunked") headers.set("Transfer-Encoding", "chunked");
  if (answer.framing === "close") headers.set("Connection", "close");
  const lengthIsSet = [...headers.keys()].some((name) => name.toLowerCase() === "content-length");
  if (answer.framing === "length" && !lengthIsSet) headers.set("Content-Length", String(answer.end - answer.start));
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

async function sendBody(
  answer: Answer,
  cuts: readonly Cut[],
  context: SendContext,
): Promise<"reset" | "closed" | undefined> {
  const buffer = Buffer.allocUnsafe(chunkSize);
  const length = answer.end - answer.start;
  let sent = 0;
  let bytesPerSecond = Number.POSITIVE_INFINITY;
  let struck = -1;
  let paceStart = performance.now();
  let pacedBytes = 0;
  for (;;) {
    const due = cuts.filter((cut) => cut.at > struck && cut.at <= sent);
    struck = sent;
    for (const cut of due) {
      if (cut.kind === "pace") {
        bytesPerSecond = cut.bytesPerSecond;
        paceStart = performance.now();
        pacedBytes = 0;
      }
    }
    const end = await strike(due, undefined, context);
    if (end !== undefined) return end;
    if (sent >= length) break;
    const nextCut = Math.min(length, ...cuts.filter((cut) => cut.at > sent).map((cut) => cut.at));
    const paced = Math.max(1, Math.floor(bytesPerSecond / piecesPerSecond));
    const size = Math.min(chunkSize, nextCut - sent, paced);
    if (bytesPerSecond !== Number.POSITIVE_INFINITY) {
      const waitMs = paceStart + (pacedBytes / bytesPerSecond) * 1000 - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: context.gone });
      pacedBytes += size;
    }
    await context.mayPass(size);
    const chunk = buffer.subarray(0, size);
    answer.content.read(answer.start + sent, chunk);
    if (answer.framing === "chunked") await write(context, `${size.toString(16)}\r\n`);
    await write(context, chunk);
    if (answer.framing === "chunked") await write(context, "\r\n");
    sent += size;
    context.onBody(size);
  }
  if (answer.framing === "chunked" && answer.closingChunk) await write(context, "0\r\n\r\n");
  if (answer.extraBytes > 0) await write(context, Buffer.alloc(answer.extraBytes, "x"));
  return undefined;
}

/** Lets the cuts at this place happen; returns how the answer ended when one of them ends it. */
async function strike(
  cuts: readonly Cut[],
  at: number | undefined,
  context: SendContext,
): Promise<"reset" | "closed" | undefined> {
  for (const cut of cuts) {
    if (at !== undefined && cut.at !== at) continue;
    if (cut.kind === "stall") {
      if (cut.ms === undefined) await abandoned(context.gone);
      else await sleep(cut.ms, undefined, { signal: context.gone });
    }
    if (cut.kind === "reset") {
      await context.reset();
      return "reset";
    }
    if (cut.kind === "close") {
      context.socket.end();
      return "closed";
    }
  }
  return undefined;
}

function abandoned(gone: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (gone.aborted) reject(gone.reason);
    else gone.addEventListener("abort", () => reject(gone.reason), { once: true });
  });
}

function write(context: SendContext, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (context.gone.aborted) {
      reject(context.gone.reason);
      return;
    }
    context.socket.write(data, (error) => (error == null ? resolve() : reject(error)));
  });
}
