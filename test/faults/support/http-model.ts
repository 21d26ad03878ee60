import { bytesContent, type Content, contentDigest, type FaultServer } from "../../../src/testing/index.ts";

/** The contents of a model by their paths below it. */
export type ModelContents = Readonly<Record<string, Content>>;

/** Puts a model on the server as a directory with a file list that states sha256 digests; gives the directory's URI. */
export function serveModel(server: FaultServer, path: string, contents: ModelContents): string {
  const files = Object.entries(contents).map(([name, content]) => {
    const sha256 = contentDigest(content, "sha256");
    server.put(path + name, { content, etag: `"${sha256}"` });
    return { path: name, size: content.size, digests: { sha256 } };
  });
  server.put(`${path}index.json`, {
    content: bytesContent(JSON.stringify({ files })),
    contentType: "application/json",
  });
  return server.url(path);
}

/** Body bytes sent for the model's own files. */
export function modelBytesServed(server: FaultServer, path: string, contents: ModelContents): number {
  return Object.keys(contents).reduce((sum, name) => sum + server.bytesServed(path + name), 0);
}

export function modelSize(contents: ModelContents): number {
  return Object.values(contents).reduce((sum, content) => sum + content.size, 0);
}
