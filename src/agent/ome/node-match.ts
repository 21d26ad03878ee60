/** One requirement of a node selector term, as `core/v1` NodeSelectorRequirement. */
export interface NodeRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeRequirement[] | undefined;
  readonly matchFields?: readonly NodeRequirement[] | undefined;
}

/** Which nodes a model wants. */
export interface NodeChoice {
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  /** `nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`; preferences decide nothing here. */
  readonly requiredTerms?: readonly NodeSelectorTerm[] | undefined;
}

export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * `kubernetes`: as the scheduler decides, so `NotIn` holds for a missing label and an empty term matches nothing.
 * `ome`: as OME's Go agent decides, where only `DoesNotExist` holds for a missing label and an empty term matches everything.
 */
export type MatchSemantics = "kubernetes" | "ome";

/**
 * Whether a node is one that a model wants. Terms are alternatives; all requirements of a term have to hold; an absent or empty
 * list of terms is no constraint.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
 */
export function matchesNode(node: NodeFacts, choice: NodeChoice, semantics: MatchSemantics): boolean {
  for (const [key, value] of Object.entries(choice.nodeSelector ?? {})) {
    if (labelOf(node, key) !== value) return false;
  }
  const terms = choice.requiredTerms ?? [];
  return terms.length === 0 || terms.some((term) => matchesTerm(node, term, semantics));
}

function matchesTerm(node: NodeFacts, term: NodeSelectorTerm, semantics: MatchSemantics): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return semantics === "ome";
  return (
    expressions.every((requirement) => holds(labelOrName(node, requirement.key, semantics), requirement, semantics)) &&
    fields.every((requirement) => holds(fieldOf(node, requirement.key, semantics), requirement, semantics))
  );
}

function labelOf(node: NodeFacts, key: string): string | undefined {
  return Object.hasOwn(node.labels, key) ? node.labels[key] : undefined;
}

function labelOrName(node: NodeFacts, key: string, semantics: MatchSemantics): string | undefined {
  return labelOf(node, key) ?? (semantics === "ome" && key === "metadata.name" ? node.name : undefined);
}

function fieldOf(node: NodeFacts, key: string, semantics: MatchSemantics): string | undefined {
  if (key === "metadata.name") return node.name;
  return semantics === "ome" ? labelOf(node, key) : undefined;
}

function holds(
  actual: string | undefined,
  { operator, values = [] }: NodeRequirement,
  semantics: MatchSemantics,
): boolean {
  if (actual === undefined) return operator === "DoesNotExist" || (operator === "NotIn" && semantics === "kubernetes");
  switch (operator) {
    case "In":
      return values.includes(actual);
    case "NotIn":
      return !values.includes(actual);
    case "Exists":
      return true;
    case "Gt":
      return compare(actual, values, semantics, (a, b) => a > b);
    case "Lt":
      return compare(actual, values, semantics, (a, b) => a < b);
    default:
      return false;
  }
}

function compare(
  actual: string,
  values: readonly string[],
  semantics: MatchSemantics,
  decide: <T extends bigint | string>(a: T, b: T) => boolean,
): boolean {
  const [bound] = values;
  if (bound === undefined || (semantics === "kubernetes" && values.length !== 1)) return false;
  if (integer.test(actual) && integer.test(bound)) return decide(BigInt(actual), BigInt(bound));
  return semantics === "ome" && decide(actual, bound);
}

const integer = /^-?\d+$/;
