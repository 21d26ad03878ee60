import { spawn } from "node:child_process";
import { cp, lstat, mkdir, readFile, rename } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

/** One instruction of a Dockerfile, continued lines joined. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** What an image is in the end, in a directory instead of a container. */
export interface ReplayedImage {
  /** Directory that stands for `/`. */
  readonly root: string;
  readonly workDirectory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly exposed: readonly string[];
  readonly stopSignal: string | undefined;
}

export function parseDockerfile(text: string): readonly Instruction[] {
  return text
    .replace(/^\s*#.*\n/gm, "")
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name: name.toUpperCase(), text: rest };
    });
}

export interface ReplayOptions {
  /** The build context. */
  readonly context: string;
  /** True for a path, relative to the context, that a clean checkout has and .dockerignore lets through. */
  readonly inContext: (path: string) => boolean;
  /** An empty directory for the stages. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Does a RUN instruction in the test's own way: answers false for those that are to be run as they are. */
  readonly instead: (command: string, workDirectory: string) => Promise<boolean>;
}

/** Carries out a Dockerfile's instructions in plain directories, one for each stage. Knows the instructions that ours uses and fails on others. */
export async function replayDockerfile(
  instructions: readonly Instruction[],
  options: ReplayOptions,
): Promise<ReplayedImage> {
  const stages = new Map<string, string>();
  let image: { root: string; work: string; env: Record<string, string> } | undefined;
  let entrypoint: readonly string[] = [];
  let command: readonly string[] = [];
  let stopSignal: string | undefined;
  const exposed: string[] = [];
  for (const { name, text } of instructions) {
    if (name === "FROM") {
      const stage = / AS (\S+)$/i.exec(text)?.[1] ?? `stage-${stages.size}`;
      const root = join(options.directory, stage);
      await mkdir(root, { recursive: true });
      stages.set(stage, root);
      image = { root, work: "/", env: {} };
      continue;
    }
    if (image === undefined) throw new Error(`${name} before FROM`);
    const here = join(image.root, image.work);
    if (name === "WORKDIR") {
      image.work = resolve(image.work, text);
      await mkdir(join(image.root, image.work), { recursive: true });
    } else if (name === "COPY") {
      await copy(text, here, stages, options);
    } else if (name === "RUN") {
      if (!(await options.instead(text, here))) await shell(text, here, { ...options.env, ...image.env });
    } else if (name === "ENV") {
      for (const [, key = "", value = ""] of text.matchAll(/(\w+)=(\S+)/g)) image.env[key] = value;
    } else if (name === "ENTRYPOINT") entrypoint = JSON.parse(text) as string[];
    else if (name === "CMD") command = JSON.parse(text) as string[];
    else if (name === "EXPOSE") exposed.push(...text.split(/\s+/));
    else if (name === "STOPSIGNAL") stopSignal = text;
    else if (name !== "LABEL") throw new Error(`the replay does not know ${name}`);
  }
  if (image === undefined) throw new Error("no FROM");
  return { root: image.root, workDirectory: image.work, env: image.env, entrypoint, command, exposed, stopSignal };
}

async function copy(
  text: string,
  here: string,
  stages: ReadonlyMap<string, string>,
  { context, inContext }: ReplayOptions,
): Promise<void> {
  const [, from, list = ""] = /^(?:--from=(\S+)\s+)?(.*)$/.exec(text) ?? [];
  const paths = list.split(/\s+/);
  const target = paths.pop() ?? "";
  const source = from === undefined ? context : stages.get(from);
  if (source === undefined) throw new Error(`COPY from ${from}, which is no stage`);
  for (const path of paths) {
    if (from === undefined && !inContext(path)) throw new Error(`COPY ${path}: a clean build context does not have it`);
    const origin = join(source, path);
    const into = resolve(here, target);
    const whole = (await lstat(origin)).isDirectory();
    const place = whole || !target.endsWith("/") ? into : join(into, basename(path));
    // No stage is used after it was copied from, and packages are tens of thousands of files.
    if (from !== undefined) await rename(origin, place);
    else await cp(origin, place, { recursive: true, verbatimSymlinks: true });
  }
}

async function shell(command: string, cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn("sh", ["-ec", command], { cwd, env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-4000);
    });
  }
  const code = await new Promise((done, failed) => child.once("error", failed).once("close", done));
  if (code !== 0) throw new Error(`RUN ${command}\n${output}`);
}

/** Paths that a .dockerignore of the form "nothing but these" lets through. */
export async function allowedByIgnoreFile(path: string): Promise<(candidate: string) => boolean> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (lines[0] !== "*") throw new Error("the ignore file is not a list of what is allowed");
  const allowed = new Set(lines.slice(1).map((line) => line.replace(/^!/, "")));
  return (candidate) => allowed.has(candidate.split("/")[0] ?? "");
}
