export type { SignedInterceptor, SignedRequest } from "../loopback/signed-store.ts";
export type { WebAnswer } from "../loopback/web-answer.ts";
export { type FakeHub, startFakeHub } from "./fake-hub.ts";
export type {
  BudgetLimit,
  FakeHubOptions,
  FakeHubQuirks,
  FakeHubRequest,
  FakeHubToken,
} from "./fake-hub-options.ts";
export type { CommitChanges, FakeRepository, FakeRepositoryOptions } from "./repository.ts";
