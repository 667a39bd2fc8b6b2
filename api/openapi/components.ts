import type { z } from 'zod';
import { callSchema } from '../../contract/call';
import { conditionSchema } from '../../contract/condition';
import {
  acceptanceSchema,
  dialSettingsSchema,
  duplicateRuleSchema,
  treatmentsSchema,
} from '../../contract/campaign';
import { configAppliedSchema, configDocumentSchema } from '../../contract/config-document';
import { flowNodeSchema, flowSchema } from '../../contract/flow';
import { flowOperationSchema } from '../../contract/flow-operations';
import { hoursSchema } from '../../contract/hours';
import {
  buyerPriceSchema,
  dueRuleSchema,
  payoutDueSchema,
  payoutRuleSchema,
  priceRuleSchema,
  shareSchema,
} from '../../contract/money';
import {
  adSpendSchema,
  disputeSchema,
  ledgerEntrySchema,
  numberCostSchema,
} from '../../contract/resources/money';
import { planSchema, routingRuleSchema } from '../../contract/plan';
import { eventCallSchema, webhookEventSchema } from '../../contract/events';
import { fieldErrorSchema } from '../../contract/problem';
import {
  liveCallSchema,
  liveCountersSchema,
  liveEndedCallSchema,
  liveEventSchema,
} from '../../contract/live';
import { destinationSchema, promptSchema, treatmentSchema } from '../../contract/prompt';
import {
  assignmentPatchSchema,
  assignmentSchema,
  newAssignmentSchema,
} from '../../contract/resources/assignment';
import { auditEntrySchema } from '../../contract/resources/audit';
import {
  backtestDifferenceSchema,
  backtestHeadSchema,
  backtestResultSchema,
  backtestSchema,
  newBacktestSchema,
} from '../../contract/resources/backtest';
import { blockedCallerSchema, newBlockedCallerSchema } from '../../contract/resources/blocked-caller';
import { buyerPatchSchema, buyerSchema, newBuyerSchema } from '../../contract/resources/buyer';
import { campaignPatchSchema, campaignSchema, newCampaignSchema } from '../../contract/resources/campaign';
import {
  createdMigrationSchema,
  guardrailSchema,
  judgementSchema,
  migrationHeadSchema,
  migrationProgressSchema,
  migrationSchema,
  newMigrationSchema,
} from '../../contract/resources/migration';
import {
  dniLeaseSchema,
  dniNumberSchema,
  dniPoolPatchSchema,
  dniPoolSchema,
  dniPoolStatusSchema,
  newDniPoolSchema,
} from '../../contract/resources/dni-pool';
import { newNumberSchema, numberPatchSchema, numberSchema } from '../../contract/resources/number';
import {
  newPublisherSchema,
  publisherPatchSchema,
  publisherSchema,
} from '../../contract/resources/publisher';
import { visitorSchema } from '../../contract/dni';
import { webhookDeliveryHeadSchema, webhookDeliverySchema } from '../../contract/resources/webhook-delivery';
import {
  newWebhookEndpointSchema,
  webhookEndpointPatchSchema,
  webhookEndpointSchema,
  webhookEndpointWithSecretSchema,
} from '../../contract/resources/webhook-endpoint';
import { goalProgressSchema, goalSchema } from '../../contract/resources/goal';
import { reportSchema } from '../../contract/resources/report';
import {
  newSavedReportSchema,
  savedReportPatchSchema,
  savedReportSchema,
} from '../../contract/resources/saved-report';
import { explanationSchema } from '../../contract/resources/simulation';

/** Schemas that have a name in the OpenAPI document; all others stand where they are used. */
export const COMPONENTS: Readonly<Record<string, z.ZodType>> = {
  Acceptance: acceptanceSchema,
  Assignment: assignmentSchema,
  AssignmentPatch: assignmentPatchSchema,
  AuditEntry: auditEntrySchema,
  Backtest: backtestSchema,
  BacktestDifference: backtestDifferenceSchema,
  BacktestHead: backtestHeadSchema,
  BacktestResult: backtestResultSchema,
  BlockedCaller: blockedCallerSchema,
  Buyer: buyerSchema,
  BuyerPatch: buyerPatchSchema,
  BuyerPrice: buyerPriceSchema,
  Call: callSchema,
  Campaign: campaignSchema,
  CampaignPatch: campaignPatchSchema,
  Condition: conditionSchema,
  ConditionExplanation: explanationSchema,
  ConfigApplied: configAppliedSchema,
  ConfigDocument: configDocumentSchema,
  CreatedMigration: createdMigrationSchema,
  Destination: destinationSchema,
  DialSettings: dialSettingsSchema,
  PayoutDue: payoutDueSchema,
  PriceDue: dueRuleSchema,
  DniLease: dniLeaseSchema,
  DniNumber: dniNumberSchema,
  DniPool: dniPoolSchema,
  DniPoolPatch: dniPoolPatchSchema,
  DniPoolStatus: dniPoolStatusSchema,
  DuplicateRule: duplicateRuleSchema,
  EventCall: eventCallSchema,
  FieldError: fieldErrorSchema,
  Flow: flowSchema,
  FlowNode: flowNodeSchema,
  FlowOperation: flowOperationSchema,
  Goal: goalSchema,
  GoalProgress: goalProgressSchema,
  Guardrail: guardrailSchema,
  Hours: hoursSchema,
  Judgement: judgementSchema,
  LiveCall: liveCallSchema,
  LiveCounters: liveCountersSchema,
  LiveEndedCall: liveEndedCallSchema,
  LiveEvent: liveEventSchema,
  Migration: migrationSchema,
  MigrationHead: migrationHeadSchema,
  MigrationProgress: migrationProgressSchema,
  NewAssignment: newAssignmentSchema,
  NewBacktest: newBacktestSchema,
  NewBlockedCaller: newBlockedCallerSchema,
  NewBuyer: newBuyerSchema,
  NewCampaign: newCampaignSchema,
  NewMigration: newMigrationSchema,
  NewDniPool: newDniPoolSchema,
  NewNumber: newNumberSchema,
  NewPublisher: newPublisherSchema,
  NewSavedReport: newSavedReportSchema,
  NewWebhookEndpoint: newWebhookEndpointSchema,
  NumberPatch: numberPatchSchema,
  Plan: planSchema,
  PriceRule: priceRuleSchema,
  PayoutRule: payoutRuleSchema,
  Share: shareSchema,
  LedgerEntry: ledgerEntrySchema,
  Dispute: disputeSchema,
  AdSpend: adSpendSchema,
  NumberCost: numberCostSchema,
  Prompt: promptSchema,
  Publisher: publisherSchema,
  PublisherPatch: publisherPatchSchema,
  Report: reportSchema,
  RoutingRule: routingRuleSchema,
  SavedReport: savedReportSchema,
  SavedReportPatch: savedReportPatchSchema,
  TrackedNumber: numberSchema,
  Treatment: treatmentSchema,
  Treatments: treatmentsSchema,
  Visitor: visitorSchema,
  WebhookDelivery: webhookDeliverySchema,
  WebhookDeliveryHead: webhookDeliveryHeadSchema,
  WebhookEndpoint: webhookEndpointSchema,
  WebhookEndpointPatch: webhookEndpointPatchSchema,
  WebhookEndpointWithSecret: webhookEndpointWithSecretSchema,
  WebhookEvent: webhookEventSchema,
};
