export { type FakeAzure, startFakeAzure } from "./fake-azure.ts";
export type {
  FakeAzureOperation,
  FakeAzureOptions,
  FakeAzureRequest,
  FakeAzureSeed,
} from "./fake-azure-options.ts";
