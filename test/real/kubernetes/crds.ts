/** The custom resources of ome.io as far as the agent touches them; unknown fields are kept, as OME's own definitions keep `modelConfiguration`. */
export const modelDefinitions = [
  { kind: "BaseModel", plural: "basemodels", scope: "Namespaced" },
  { kind: "ClusterBaseModel", plural: "clusterbasemodels", scope: "Cluster" },
].map(({ kind, plural, scope }) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.ome.io` },
  spec: {
    group: "ome.io",
    scope,
    names: { kind, plural, singular: plural.slice(0, -1), listKind: `${kind}List` },
    versions: [
      {
        name: "v1beta1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                required: ["storage"],
                "x-kubernetes-preserve-unknown-fields": true,
                properties: {
                  disabled: { type: "boolean" },
                  maxTokens: { type: "integer", format: "int32" },
                  modelType: { type: "string" },
                  quantization: { type: "string", enum: ["fp8", "fbgemm_fp8", "int4"] },
                  modelConfiguration: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                  storage: {
                    type: "object",
                    required: ["storageUri"],
                    "x-kubernetes-preserve-unknown-fields": true,
                    properties: {
                      storageUri: { type: "string" },
                      path: { type: "string" },
                      key: { type: "string" },
                      parameters: { type: "object", additionalProperties: { type: "string" } },
                      downloadPolicy: { type: "string", enum: ["AlwaysDownload", "ReuseIfExists"] },
                    },
                  },
                },
              },
              status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
            },
          },
        },
      },
    ],
  },
}));

/** Exactly the rights that OME's chart gives to its model agent. */
export const agentClusterRole = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "ome-model-agent" },
  rules: [
    { apiGroups: [""], resources: ["nodes"], verbs: ["watch", "list", "get", "patch", "update"] },
    {
      apiGroups: [""],
      resources: ["configmaps"],
      verbs: ["get", "list", "watch", "patch", "update", "create", "delete"],
    },
    { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
    {
      apiGroups: ["ome.io"],
      resources: ["basemodels", "clusterbasemodels"],
      verbs: ["get", "list", "watch", "patch", "update"],
    },
  ],
};
