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
import { buyerPriceSchema, dueRuleSchema, priceRuleSchema } from '../../contract/money';
import { planSchema, routingRuleSchema } from '../../contract/plan';
import { destinationSchema, promptSchema, treatmentSchema } from '../../contract/prompt';

/** Schemas that have a name in the OpenAPI document; all others stand where they are used. */
export const COMPONENTS: Readonly<Record<string, z.ZodType>> = {
  Acceptance: acceptanceSchema,
  BuyerPrice: buyerPriceSchema,
  Call: callSchema,
  Condition: conditionSchema,
  ConfigApplied: configAppliedSchema,
  ConfigDocument: configDocumentSchema,
  Destination: destinationSchema,
  DialSettings: dialSettingsSchema,
  DueRule: dueRuleSchema,
  DuplicateRule: duplicateRuleSchema,
  Flow: flowSchema,
  FlowNode: flowNodeSchema,
  FlowOperation: flowOperationSchema,
  Hours: hoursSchema,
  Plan: planSchema,
  RoutingRule: routingRuleSchema,
  PriceRule: priceRuleSchema,
  Prompt: promptSchema,
  Treatment: treatmentSchema,
  Treatments: treatmentsSchema,
};
