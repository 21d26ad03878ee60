import type { SpanSpec } from "../lane/lane-messages.ts";
import type { FileTask } from "./file-task.ts";
import type { TransferContext } from "./transfer-context.ts";

/** Gives the serial stretches of a file their ids, once. `spanFiles` learns which file they belong to. */
export function assignSpans(file: FileTask, context: TransferContext, spanFiles: Map<number, FileTask>): void {
  if (file.spans.length > 0) return;
  file.spans = file.plan.spans.map(({ start, end, algorithm }): SpanSpec => {
    const span = context.nextId();
    spanFiles.set(span, file);
    return { span, start, end, algorithms: [algorithm] };
  });
}
