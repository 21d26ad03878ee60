/** `model-agent`: everything of `model-agent/storage`, and the delivery of whole models with their proof. */

export { deliver } from "../delivery/deliver.ts";
export type { DeliveryPlace, DeliveryRequest, DeliveryResult, DeliverySource } from "../delivery/delivery-types.ts";
export { deliverToHubCache, planHubCache } from "../delivery/hub-cache.ts";
export type { Placement } from "../delivery/placement.ts";
export { type DeliveryPlan, type PlannedDelivery, planDelivery } from "../delivery/plan-delivery.ts";
export {
  type VerifyDeliveryRequest,
  type VerifyProgress,
  type VerifyResult,
  verifyDelivery,
} from "../delivery/verify-delivery.ts";
export * from "./storage.ts";
