import assert from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { ConformanceContext } from "./conformance-context.ts";
import type { ConformanceOptions, EffectiveLimits } from "./conformance-types.ts";
import { listCases } from "./list-cases.ts";
import { readCases } from "./read-cases.ts";
import { statCases } from "./stat-cases.ts";
import { writeCases } from "./write-cases.ts";

const cases: readonly ConformanceCase[] = [...statCases, ...listCases, ...readCases, ...writeCases];

/**
 * Registers the tests that every storage has to pass, chosen by the capabilities that it is expected to claim. Every test
 * opens the storage anew on an empty place and cleans up behind itself.
 */
export function runStorageConformance(options: ConformanceOptions): void {
  const { name, test, capabilities, missingPlace } = options;
  const limits = effectiveLimits(options);
  for (const conformanceCase of cases) {
    if (conformanceCase.applies?.(capabilities, limits, missingPlace !== undefined) === false) continue;
    test(`${name}: ${conformanceCase.name}`, async () => {
      const subject = await options.open();
      try {
        assert.deepEqual(
          { ...subject.client.capabilities },
          { ...capabilities },
          "the capabilities are those expected",
        );
        await conformanceCase.run(new ConformanceContext(subject, limits, missingPlace));
      } finally {
        await subject.cleanup();
      }
    });
  }
}

function effectiveLimits({ limits = {}, capabilities }: ConformanceOptions): EffectiveLimits {
  return {
    maxKeyBytes: limits.maxKeyBytes ?? 1024,
    maxSegmentBytes: limits.maxSegmentBytes ?? Number.POSITIVE_INFINITY,
    emptySegments: limits.emptySegments ?? true,
    directoryMarkers: limits.directoryMarkers ?? true,
    nestedNames: limits.nestedNames ?? true,
    impossibleNames: limits.impossibleNames ?? [],
    offersDigests: limits.offersDigests ?? capabilities.digests.length > 0,
    minPartSize: limits.minPartSize ?? 5 * 1024 * 1024,
    objectCount: limits.objectCount ?? 2501,
  };
}
