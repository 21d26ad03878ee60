import { nextPartEnd } from "../plan/part-plan.ts";
import { spanIndex } from "../plan/span-index.ts";
import type { TransferFile } from "../transfer-types.ts";
import { assignSpans } from "./assign-spans.ts";
import { type Dispatcher, laneKindOf } from "./dispatcher.ts";
import type { Endpoint } from "./endpoint.ts";
import { FileTask, type OpenPart } from "./file-task.ts";
import type { Locator } from "./locator.ts";
import { PartTask } from "./part-task.ts";
import type { Located } from "./source-access.ts";
import type { TransferContext } from "./transfer-context.ts";

/** Files that are located ahead of their turn, and locates under way at a time. */
const lookAhead = 256;
const parallelLocates = 32;
/** Large files of which parts are waiting, at most. */
const maxOpenLarge = 16;
/** Small files that one connection is given at a time. */
const maxBundleFiles = 32;
const maxBundleBytes = 16 * 1024 * 1024;
/** Finished files that wait to be published; more have to wait for the disk. */
const maxUnpublished = 512;

/** What the scheduler needs of the engine. */
export interface SchedulerPorts {
  /** Brings a file to where it can be read: resumes it, makes its staged file. Called once per file. */
  begin(file: FileTask): Promise<void>;
  /** An empty file, or one that was whole already. */
  complete(file: FileTask): void;
  /** Locating failed. */
  unlocated(file: FileTask, error: unknown): void;
  /** The file has to be read by another kind of lane than it was begun with. */
  relane(file: FileTask): void;
  /** Files that are whole and not yet published. */
  unpublished(): number;
}

/** What the scheduler works with. */
export interface SchedulerParts {
  readonly context: TransferContext;
  readonly dispatcher: Dispatcher;
  readonly locator: Locator;
  /** By id of the span. */
  readonly spanFiles: Map<number, FileTask>;
  /** Parts of one file that may be read at once while its serial digest is computed. */
  readonly serialAhead: number;
}

/** Decides what is read next, and where: retries first, then small files, then large ones in order. */
export class Scheduler {
  readonly parts = new Map<number, PartTask>();
  /** By id of the span. */
  readonly spanFiles: Map<number, FileTask>;
  readonly #context: TransferContext;
  readonly #dispatcher: Dispatcher;
  readonly #locator: Locator;
  readonly #ports: SchedulerPorts;
  readonly #serialAhead: number;
  readonly #queue: readonly TransferFile[];
  #nextFile = 0;
  /** Of the file that was begun last. */
  #priority = Number.NEGATIVE_INFINITY;
  /** The time, looked at once per pump: monotonic, and since the epoch, in milliseconds. */
  #time = { now: 0, epoch: 0 };
  #beginning = 0;
  /** Located files with parts to give out. */
  #small: FileTask[] = [];
  readonly #large: FileTask[] = [];
  readonly #retries: PartTask[] = [];

  constructor(
    files: readonly TransferFile[],
    { context, dispatcher, locator, spanFiles, serialAhead }: SchedulerParts,
    ports: SchedulerPorts,
  ) {
    this.#queue = files.toSorted((a, b) => a.priority - b.priority || a.size - b.size);
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#locator = locator;
    this.spanFiles = spanFiles;
    this.#serialAhead = serialAhead;
    this.#ports = ports;
  }

  /** Nothing is left to give out; what remains is being read. */
  get drained(): boolean {
    const waiting = this.#queue.length - this.#nextFile + this.#beginning + this.#small.length + this.#large.length;
    return waiting + this.#retries.length === 0;
  }

  /** Gives out as much work as the hosts take. */
  pump(): void {
    if (this.#context.stopped) return;
    this.#time = { now: this.#context.now, epoch: this.#context.clock.now() };
    this.#beginFiles();
    this.#dispatchRetries();
    if (this.#ports.unpublished() > maxUnpublished) return;
    this.#dispatchSmall();
    for (let file = this.#nextLarge(); file !== undefined; file = this.#nextLarge()) {
      const endpoint = this.#locatedOf(file)?.endpoint;
      if (endpoint === undefined) return;
      this.#dispatcher.dispatch([this.#carve(file, endpoint)]);
      if (!file.open) this.#dispatchSmall();
    }
  }

  /** A file has parts to give out (again). */
  offer(file: FileTask): void {
    const list = file.small ? this.#small : this.#large;
    if (list.includes(file)) return;
    const after = list.findLastIndex((other) => other.order <= file.order);
    list.splice(after + 1, 0, file);
  }

  /** Takes a file out of the running. Returns the parts that it had. */
  withdraw(file: FileTask): readonly OpenPart[] {
    const parts = [...file.parts];
    file.parts.clear();
    for (const part of parts) this.parts.delete(part.id);
    this.#drop(file.small ? this.#small : this.#large, file);
    for (const part of this.#retries.filter((waiting) => waiting.file === file)) this.#drop(this.#retries, part);
    return parts;
  }

  #drop<T>(list: T[], item: T): void {
    const index = list.indexOf(item);
    if (index >= 0) list.splice(index, 1);
  }

  /** Has the part read again after `delayMs` milliseconds. */
  retry(part: PartTask, delayMs: number): void {
    part.notBefore = this.#context.now + delayMs;
    this.#retries.push(part);
    if (delayMs > 0) this.#context.later(delayMs + 1, () => this.pump());
  }

  /** Has a file located (again) and goes on with it. */
  async locate(file: FileTask): Promise<void> {
    if (file.locating) return;
    file.locating = true;
    try {
      await this.#locator.prepare(file.current);
    } catch (error) {
      file.locating = false;
      this.#context.tell(() => this.#ports.unlocated(file, error));
      return;
    }
    file.locateFailures = 0;
    file.locating = false;
    this.#context.tell(() => this.pump());
  }

  #beginFiles(): void {
    while (
      this.#nextFile < this.#queue.length &&
      this.#beginning < parallelLocates &&
      this.#small.length < lookAhead &&
      this.#large.length < maxOpenLarge
    ) {
      const next = this.#queue[this.#nextFile];
      if (next === undefined || (this.#beginning > 0 && next.priority > this.#priority)) return;
      this.#priority = next.priority;
      this.#nextFile += 1;
      this.#beginning += 1;
      void this.#beginFile(new FileTask(next, this.#nextFile));
    }
  }

  async #beginFile(file: FileTask): Promise<void> {
    try {
      await this.#ports.begin(file);
    } catch (error) {
      this.#context.fail(error);
      return;
    } finally {
      this.#beginning -= 1;
    }
    if (file.open) {
      this.offer(file);
      await this.locate(file);
    } else this.#context.tell(() => this.#ports.complete(file));
  }

  #locatedOf(file: FileTask): Located | undefined {
    return file.current.current(this.#time.epoch);
  }

  /** Where the file can be read now; starts to locate it when it cannot. */
  #available(file: FileTask): Endpoint | undefined {
    if (file.busy || this.#context.scope(file.source.scope).waitMs(this.#time.now) > 0) return undefined;
    const located = this.#locatedOf(file);
    if (located === undefined) {
      void this.locate(file);
      return undefined;
    }
    const kind = laneKindOf(located);
    if (file.laneKind !== undefined && file.laneKind !== kind) {
      this.#ports.relane(file);
      return undefined;
    }
    return located.endpoint.free > 0 ? located.endpoint : undefined;
  }

  #dispatchRetries(): void {
    if (this.#retries.length === 0) return;
    for (const part of this.#retries.filter(({ notBefore }) => notBefore <= this.#time.now)) {
      if (this.#available(part.file) === undefined) continue;
      this.#drop(this.#retries, part);
      this.#dispatcher.dispatch([part]);
    }
  }

  /** Small files go out in bundles, each for one connection; but not before large ones that matter more. */
  #dispatchSmall(): void {
    const priority = this.#large[0]?.file.priority ?? Number.POSITIVE_INFINITY;
    for (let tried = 0; tried < this.#small.length; ) {
      const file = this.#small[tried];
      if (file === undefined || file.file.priority > priority) return;
      const endpoint = this.#available(file);
      if (endpoint === undefined) tried += 1;
      else this.#dispatcher.dispatch(this.#bundle(tried, endpoint, priority));
    }
  }

  /** Takes files of one endpoint that matter as much as `priority` out of the list, from index `from` on. */
  #bundle(from: number, endpoint: Endpoint, priority: number): PartTask[] {
    const waiting = this.#small;
    const most = Math.min(maxBundleFiles, Math.ceil(waiting.length / endpoint.free));
    const parts: PartTask[] = [];
    const rest = waiting.slice(0, from);
    let bytes = 0;
    for (let index = from; index < waiting.length; index += 1) {
      const file = waiting[index];
      if (file === undefined) continue;
      const room =
        parts.length < most &&
        file.file.priority <= priority &&
        (bytes === 0 || bytes + file.file.size <= maxBundleBytes);
      if (room && this.#available(file) === endpoint) {
        bytes += file.file.size;
        parts.push(this.#carve(file, endpoint));
      } else rest.push(file);
    }
    this.#small = rest;
    return parts;
  }

  /** The large file whose turn it is: in order, but files with serial digests share the connections evenly. */
  #nextLarge(): FileTask | undefined {
    let best: FileTask | undefined;
    for (const file of this.#large) {
      if (best !== undefined && file.parts.size >= best.parts.size) continue;
      if (this.#available(file) === undefined) continue;
      if (file.plan.spans.length !== 1) {
        if (best === undefined) return file;
      } else if (file.parts.size < this.#serialAhead) best = file;
    }
    return best;
  }

  /** Cuts the next part off a file. */
  #carve(file: FileTask, endpoint: Endpoint): PartTask {
    assignSpans(file, this.#context, this.spanFiles);
    const missing = file.missing.first;
    const staged = file.staged.first;
    const useStaged = staged !== undefined && (missing === undefined || staged.start < missing.start);
    const rest = useStaged ? staged : missing;
    if (rest === undefined) throw new RangeError("nothing is missing");
    const end = this.#partEnd(file, rest, endpoint);
    const located = this.#locatedOf(file);
    if (located !== undefined) file.laneKind = laneKindOf(located);
    const part = new PartTask(this.#context.nextId(), file, { start: rest.start, end }, useStaged);
    (useStaged ? file.staged : file.missing).remove(part);
    file.parts.add(part);
    this.parts.set(part.id, part);
    if (!file.small && !file.open) this.#drop(this.#large, file);
    return part;
  }

  #partEnd(file: FileTask, missing: { start: number; end: number }, endpoint: Endpoint): number {
    if (!file.rangesWork) return missing.end;
    const { limit } = endpoint.controller;
    return nextPartEnd({
      missing,
      size: file.file.size,
      unitSize: file.plan.unitSize,
      unassigned: this.#large.reduce((sum, other) => sum + other.missing.bytes, 0),
      connections: limit,
      spans: file.plan.spans.slice(spanIndex(file.plan.spans, missing.start)),
      alone: this.#large.length >= limit,
    });
  }
}
