import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTable } from "../../src/cli/table.ts";

test("columns line up, wide characters included, and a name cannot break a line", () => {
  assert.equal(
    formatTable(
      [{ title: "NAME" }, { title: "SIZE", align: "right" }],
      [
        ["模型.bin", "1 B"],
        ["a\nb", "1.00 KB"],
      ],
    ),
    "NAME         SIZE\n模型.bin      1 B\na\\u{a}b   1.00 KB\n",
  );
});
