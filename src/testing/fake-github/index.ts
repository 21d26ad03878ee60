export { type FakeGithub, type FakeGithubOptions, type FakeGithubRequest, startFakeGithub } from "./fake-github.ts";
